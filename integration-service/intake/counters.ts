import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import type { IntakeKind, IntakeMetrics } from './kind.ts';

const OF_ALL_FLOWS: IntakeMetrics = {
  received: METRICS.intakeReceived,
  replayed: METRICS.intakeReplayed,
  refused: METRICS.intakeRefused,
};

/** Counts what comes in by its flow, and, where the flow has metrics of its own, in these too. */
export const countersOf = ({ flow, metrics }: Pick<IntakeKind<any>, 'flow' | 'metrics'>, telemetry: Pick<Telemetry, 'counter'>) => {
  const openAll = ({ received, replayed, refused }: IntakeMetrics) => ({
    received: telemetry.counter(received.name),
    replayed: telemetry.counter(replayed.name),
    refused: telemetry.counter(refused.name),
  });
  const ofAllFlows = openAll(OF_ALL_FLOWS);
  const own = metrics && openAll(metrics);
  return (what: keyof IntakeMetrics, channel: string, code?: string): void => {
    const labels = { channel, ...(code !== undefined && { code }) };
    ofAllFlows[what].add(1, { flow, ...labels });
    own?.[what].add(1, labels);
  };
};
