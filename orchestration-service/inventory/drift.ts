import type { HoldsReport } from '@sagahub/contracts/api/operations-views.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { compareHolds, type HoldsDifference } from './compare.ts';
import { toMicros } from './micros.ts';
import type { HoldsPorts } from './rebuild.ts';

/** An order between its reservation and the event of it differs for milliseconds: what stands is seen in each of these. */
const ROUNDS = 3;
const PAUSE_MS = 500;
/** How often somebody who watches hears that it goes on. */
const REPORT_MS = 1_000;
const LISTED = 100;

/** Compares stock and discounts with the log while orders flow, and tells what stands. The last report is the result. */
export async function* holdsDrift(ports: HoldsPorts & { readonly clock: Clock }, signal: AbortSignal): AsyncGenerator<HoldsReport> {
  let standing: ReadonlyMap<string, HoldsDifference> | undefined;
  let names = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const comparing = compareHolds(ports, signal);
    comparing.catch(() => {}); // thrown below, unless whoever watched has left
    let found: Awaited<typeof comparing> | undefined;
    while (!(found ??= (await Promise.race([comparing, ports.clock.sleep(REPORT_MS, signal)])) ?? undefined)) {
      signal.throwIfAborted();
      yield reportOf(names, [], false);
    }
    names = found.names;
    const seen = new Map(found.differences.map((difference) => [amountOf(difference), difference]));
    standing = standing ? new Map([...seen].filter(([amount]) => standing?.has(amount))) : seen;
    if (standing.size === 0) break;
    if (round < ROUNDS) await ports.clock.sleep(PAUSE_MS, signal);
  }
  yield reportOf(names, [...(standing?.values() ?? [])], true);
}

const reportOf = (names: number, differences: readonly HoldsDifference[], finished: boolean): HoldsReport => ({
  names,
  finished,
  differing: differences.length,
  differences: differences.slice(0, LISTED).map(({ expected, actual, ...where }) => ({
    ...where,
    ...(expected !== undefined && { expected }),
    ...(actual !== undefined && { actual }),
  })),
});

/** What differs, and by how much: the amounts themselves move while orders flow. */
const amountOf = ({ kind, name, field, expected, actual }: HoldsDifference): string =>
  [kind, name, field, expected === undefined || actual === undefined ? 'unknown' : toMicros(actual) - toMicros(expected)].join('\n');
