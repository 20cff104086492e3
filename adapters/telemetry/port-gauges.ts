import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { MessageBus } from '@sagahub/contracts/ports/message-bus.ts';
import type { OpenWork, QueueStats } from '@sagahub/contracts/ports/open-work.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';

/**
 * Open work per queue: how much, how much of it due, and how long the oldest has been waiting. One query a scrape.
 * @param queues shown as 0 while they are empty; others show while there is work in them
 */
export const observeOpenWork = (openWork: OpenWork, queues: readonly string[], clock: Clock, telemetry: Telemetry): void => {
  let asked: Promise<readonly QueueStats[]> | undefined;
  const stats = (): Promise<readonly QueueStats[]> =>
    (asked ??= ask().finally(() => {
      asked = undefined;
    }));
  const ask = async (): Promise<readonly QueueStats[]> => {
    const found = await openWork.stats(clock.now());
    const empty = queues.filter((name) => !found.some(({ queue }) => queue === name));
    return [...found, ...empty.map((queue) => ({ queue, open: 0, due: 0, oldestSinceMs: undefined, oldestDueAtMs: undefined }))];
  };
  const perQueue = (metric: { readonly name: string }, value: (queue: QueueStats) => number): void =>
    telemetry.gauge(metric.name, async () => (await stats()).map((queue) => [value(queue), { queue: queue.queue }] as const));
  const secondsSince = (ms: number | undefined): number => (ms === undefined ? 0 : Math.max(0, clock.now() - ms) / 1_000);

  perQueue(METRICS.openWork, (queue) => queue.open);
  perQueue(METRICS.openWorkDue, (queue) => queue.due);
  perQueue(METRICS.openWorkOldestAge, (queue) => secondsSince(queue.oldestSinceMs));
  perQueue(METRICS.openWorkOldestOverdue, (queue) => secondsSince(queue.oldestDueAtMs));
};

export const observeHints = (bus: MessageBus, queues: readonly string[], telemetry: Telemetry): void =>
  telemetry.gauge(METRICS.hintsBacklog.name, () =>
    Promise.all(queues.map(async (queue) => [await bus.backlog(queue), { queue }] as const)),
  );
