import { aimedBelow, type Figure, figure } from './figures.ts';
import type { Cost } from './meter.ts';

/** What an order took of the processor, by who took it. */
export const cpuFigures = (phase: string, cost: Cost, orders: number, hubAimMs?: number): readonly Figure[] => {
  const line = (name: string, ms: number) => figure(`${phase}: CPU per order, ${name}`, `${(ms / orders).toFixed(2)} ms`, ms / orders);
  const several = cost.parts.size > 1;
  return [
    aimedBelow(`${phase}: CPU per order, hub`, cost.hubMs / orders, hubAimMs, 'ms', 2),
    ...(several ? [line('engines', cost.enginesMs), ...[...cost.parts].map(([name, ms]) => line(name, ms))] : []),
    line('ERP simulator', cost.simulatorsMs),
    line('load generator', cost.generatorMs),
    figure(`${phase}: cores that other processes took`, cost.othersCores.toFixed(2), cost.othersCores),
  ];
};
