import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, figure } from './figures.ts';
import { meter } from './meter.ts';
import type { Site } from './site.ts';

/** What starting took, and what the hub takes while nobody wants anything. */
export const measureIdle = async (site: Site, seconds: number): Promise<readonly Figure[]> => {
  const stop = meter(site);
  await sleep(seconds * 1_000);
  const { wallMs, hubMs, enginesMs, parts } = stop();
  const line = (name: string, ms: number) => figure(`idle: cores, ${name}`, (ms / wallMs).toFixed(3), ms / wallMs);
  return [
    figure('ready after', `${(site.readyMs / 1_000).toFixed(1)} s`, site.readyMs),
    line('hub', hubMs),
    ...(parts.size > 1 ? [line('engines', enginesMs), ...[...parts].map(([name, ms]) => line(name, ms))] : []),
  ];
};
