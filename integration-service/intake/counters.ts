import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import type { IntakeKind, IntakeMetrics } from './kind.ts';

const OF_ALL_FLOWS: IntakeMetrics = {
  received: METRICS.intakeReceived,
  replayed: METRICS.intakeReplayed,
  refused: METRICS.intakeRefused,
};

/** Counts what comes in, in the flow's own metrics or, with its name, in those of all flows. */
export const countersOf = ({ flow, metrics }: Pick<IntakeKind<any>, 'flow' | 'metrics'>, telemetry: Pick<Telemetry, 'counter'>) => {
  const { received, replayed, refused } = metrics ?? OF_ALL_FLOWS;
  const counters = {
    received: telemetry.counter(received.name),
    replayed: telemetry.counter(replayed.name),
    refused: telemetry.counter(refused.name),
  };
  const labels = metrics ? {} : { flow };
  return (what: keyof IntakeMetrics, channel: string, code?: string): void =>
    counters[what].add(1, { ...labels, channel, ...(code !== undefined && { code }) });
};
