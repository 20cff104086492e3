/** An order sent only to see how the hub does. */
export interface Probe {
  readonly sentAtMs: number;
  /** When it was refused, given up, or had completed; `undefined` while nobody knows. */
  readonly settledAtMs: number | undefined;
  /** Accepted, and completed however late. */
  readonly completed: boolean;
}

export interface Outage {
  /** Time during which some probe was refused, unanswered or late. */
  readonly degradedMs: number;
  /** When that ended for good; `undefined` when there was none. */
  readonly overAtMs: number | undefined;
}

/** A probe that took longer from its sending to its completion was held up. Ten times what it takes when all is well. */
export const LATE_MS = 2_000;

/** So many in a row tell that the hub is well. */
const ENOUGH = 5;

/** Nothing is held up any more, and of the probes sent since, the last ones that are settled completed in time. */
export const isWell = (probes: readonly Probe[], sinceMs: number, nowMs: number): boolean => {
  const last = probes.filter(({ sentAtMs, settledAtMs }) => sentAtMs >= sinceMs && settledAtMs !== undefined).slice(-ENOUGH);
  const isInTime = ({ sentAtMs, settledAtMs = Infinity, completed }: Probe): boolean => completed && settledAtMs - sentAtMs <= LATE_MS;
  const isLate = ({ sentAtMs, settledAtMs }: Probe): boolean => settledAtMs === undefined && nowMs - sentAtMs > LATE_MS;
  return last.length === ENOUGH && last.every(isInTime) && !probes.some(isLate);
};

/** What a hub's users noticed of a fault. @param nowMs until when probes that are not settled were held up */
export const outageOf = (probes: readonly Probe[], nowMs: number): Outage => {
  const spans = probes.flatMap(({ sentAtMs, settledAtMs = nowMs, completed }): [number, number][] => {
    const from = completed || settledAtMs === nowMs ? sentAtMs + LATE_MS : sentAtMs;
    return from < settledAtMs ? [[from, settledAtMs]] : [];
  });
  spans.sort(([a], [b]) => a - b);
  let degradedMs = 0;
  let overAtMs: number | undefined;
  for (const [from, to] of spans) {
    degradedMs += Math.max(0, to - Math.max(from, overAtMs ?? from));
    overAtMs = Math.max(to, overAtMs ?? to);
  }
  return { degradedMs, overAtMs };
};
