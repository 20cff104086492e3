import { type Figure, figure } from './figures.ts';
import type { Site } from './site.ts';

const mebibytes = (value: number): string => `${value.toFixed(0)} MiB`;

/** @param readyRssMiB of the hub before its first order */
export const measureMemory = (site: Site, readyRssMiB: number, stored: number): readonly Figure[] => {
  const { rssMiB, peakRssMiB, each } = site.hubMemory();
  return [
    figure('resident memory, ready', mebibytes(readyRssMiB), readyRssMiB),
    figure(`resident memory, after ${stored.toLocaleString('en')} orders`, mebibytes(rssMiB), rssMiB),
    ...each.map(({ name, rssMiB: own }) => figure(`resident memory then, ${name}`, mebibytes(own), own)),
    figure('resident memory, peak', mebibytes(peakRssMiB), peakRssMiB),
  ];
};
