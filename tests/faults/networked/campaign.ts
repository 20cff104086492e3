import type { EventStoreKind } from '../../support/engines.ts';
import { availability as smallDiskMissing } from '../../servers/small-disk.ts';
import { playRounds, type RoundReport } from './rounds.ts';
import { NetworkedSite } from './site.ts';

export interface NetworkedCampaignOptions {
  readonly eventStore: EventStoreKind;
  /** One round each, ascending. */
  readonly seeds: readonly number[];
  /** Hubs, each on engines of its own, that are broken at the same time. */
  readonly sideBySide: number;
  readonly report: (round: RoundReport) => void;
  /** Told of each broken promise as it is found. */
  readonly onBroken?: (promise: string) => void;
  /** Given what the processes of a hub printed, when it is over. */
  readonly onOutput?: (output: string) => void;
}

export interface NetworkedCampaignResult {
  readonly rounds: readonly RoundReport[];
  /** One sentence per broken promise, with the seeds of the rounds before it. */
  readonly broken: readonly string[];
  readonly orders: number;
}

/** Rounds before the promises are checked, and before a hub and its engines are made anew: FerretDB, which reads whole collections, slows down. */
const ROUNDS_A_CHECK = 10;
const ROUNDS_A_SITE = 20;

/** A hub that does not recover, or does not come to rest, has broken a promise too, and is given up. */
export const runNetworkedCampaign = async (options: NetworkedCampaignOptions): Promise<NetworkedCampaignResult> => {
  const left = chunks(options.seeds, ROUNDS_A_SITE);
  const results: NetworkedCampaignResult[] = [];
  const oneAfterTheOther = async (): Promise<void> => {
    for (let seeds = left.shift(); seeds; seeds = left.shift()) results.push(await playOnSites(options, seeds));
  };
  await Promise.all(Array.from({ length: options.sideBySide }, oneAfterTheOther));
  return {
    rounds: results.flatMap(({ rounds }) => rounds),
    broken: results.flatMap(({ broken }) => broken),
    orders: results.reduce((sum, { orders }) => sum + orders, 0),
  };
};

/** On one, unless a promise is broken: its history would tell of that again and again. */
const playOnSites = async (
  { eventStore, report, onBroken, onOutput }: NetworkedCampaignOptions,
  seeds: readonly number[],
): Promise<NetworkedCampaignResult> => {
  const rounds: RoundReport[] = [];
  const broken: string[] = [];
  let orders = 0;
  for (const left = [...seeds]; left.length > 0; ) {
    await using site = await NetworkedSite.open({ eventStore, smallDisk: smallDiskMissing() === undefined, subscribed: true });
    using atTheEnd = new DisposableStack();
    atTheEnd.defer(() => onOutput?.(site.hub.output));
    const firstSeed = left[0]!;
    for (let isWhole = true; isWhole && left.length > 0; ) {
      const next = left.splice(0, ROUNDS_A_CHECK);
      const before = rounds.length;
      const found = await playRounds(site, next, (round) => (rounds.push(round), report(round))).catch((error: unknown) => {
        left.unshift(...next.slice(rounds.length - before + 1)); // those behind the one that failed
        return [told(error)];
      });
      for (const promise of found.map((one) => `seeds ${firstSeed} to ${next.at(-1)}: ${one}`)) {
        broken.push(promise);
        onBroken?.(promise);
      }
      isWhole = found.length === 0;
    }
    orders += site.witness.accepted.size;
  }
  return { rounds, broken, orders };
};

const told = (error: unknown): string => {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${told(cause)}` : message;
};

const chunks = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));
