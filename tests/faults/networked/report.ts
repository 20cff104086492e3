import { type Percentiles, percentilesOf } from '../../bench/percentiles.ts';
import { type FaultKind, KINDS } from './fault.ts';
import type { RoundReport } from './rounds.ts';

/** `seed 7: Redis emptied, gateway 1 killed | broken 2.1 s, degraded 0.4 s, well again after 0.6 s`. */
export const lineOf = ({ seed, faults, brokenMs, degradedMs, recoveredMs }: RoundReport): string =>
  `seed ${seed}: ${faults.map(({ name }) => name).join(', ')} | broken ${seconds(brokenMs)}, ` +
  (degradedMs === 0 ? 'nobody noticed' : `degraded ${seconds(degradedMs)}, well again after ${seconds(recoveredMs)}`);

/** A table: how long the hub was degraded, and how fast it recovered, by what was broken alone, and over all rounds of several faults. */
export const summaryOf = (rounds: readonly RoundReport[]): string => {
  const single = (kind: FaultKind) => rounds.filter(({ faults }) => faults.length === 1 && faults[0]!.kind === kind);
  const rows = [
    ...KINDS.map((kind) => [kind, single(kind)] as const),
    ['several at once', rounds.filter(({ faults }) => faults.length > 1)] as const,
    ['all', rounds] as const,
  ].filter(([, of]) => of.length > 0);
  return [
    '| broken | rounds | degraded s, p50 / p99 / most | well again after s, p50 / p99 / most |',
    '|---|---|---|---|',
    ...rows.map(([name, of]) => {
      const degraded = percentilesOf(of.map(({ degradedMs }) => degradedMs));
      const recovered = percentilesOf(of.map(({ recoveredMs }) => recoveredMs));
      return `| ${name} | ${of.length} | ${three(degraded)} | ${three(recovered)} |`;
    }),
  ].join('\n');
};

/** How fast a hub is to recover from any single kill, at the 99th percentile. */
const AIM_MS = 10_000;
const SINGLE_KILLS: readonly FaultKind[] = ['process killed', 'engine killed'];
/** Fewer kills tell nothing of one in a hundred. */
const ENOUGH_KILLS = 100;

/** What the rounds tell of the aim, and whether enough of them tell that it was missed. */
export const singleKillsOf = (rounds: readonly RoundReport[]): { readonly line: string; readonly isMissed: boolean } => {
  const kills = rounds.filter(({ faults: [first, second] }) => first && SINGLE_KILLS.includes(first.kind) && second === undefined);
  const { p99 } = percentilesOf(kills.map(({ recoveredMs }) => recoveredMs));
  const isMissed = p99 > AIM_MS && kills.length >= ENOUGH_KILLS;
  const verdict = kills.length < ENOUGH_KILLS ? 'too few to tell' : isMissed ? 'missed' : 'met';
  return {
    line:
      `${kills.length} single kills: well again after ${seconds(p99)} at p99, counted from the kill of a replica, and from when a killed engine is there again ` +
      `(aim ${seconds(AIM_MS)}: ${verdict})`,
    isMissed,
  };
};

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
const three = ({ p50, p99, max }: Percentiles): string => [p50, p99, max].map((ms) => (ms / 1_000).toFixed(1)).join(' / ');
