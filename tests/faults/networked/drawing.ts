import { seededRandom } from '@sagahub/simulators/random.ts';
import type { Random } from '../load.ts';
import { kurrentDbFault, mongoDbFault, postgresFault, rabbitMqFault, redisFault } from './engine-faults.ts';
import type { Fault } from './fault.ts';
import { erpFault, linkFault } from './link-faults.ts';
import { clockSet, processFrozen, processKilled } from './process-faults.ts';
import type { NetworkedSite } from './site.ts';

type Draw = (site: NetworkedSite, random: Random) => Omit<Fault, 'startsAfterMs'>;

/** How often each is drawn, in shares. */
const FAULTS: readonly (readonly [share: number, Draw])[] = [
  [5, processKilled],
  [2, processFrozen],
  [1.5, clockSet],
  [4, linkFault],
  [1.5, postgresFault],
  [1, redisFault],
  [1, rabbitMqFault],
  [1, mongoDbFault],
  [1, erpFault],
];
const WITH_KURRENTDB: typeof FAULTS = [...FAULTS, [2, kurrentDbFault]];

/** Later faults of a round begin while those before may last. */
const SPREAD_MS = 1_500;

const choicesWith = (hasKurrentDb: boolean): typeof FAULTS => (hasKurrentDb ? WITH_KURRENTDB : FAULTS);

/** One fault in half of all rounds; in the others two or three that overlap. The same for the same seed, but for timing. */
export const drawFaults = (site: NetworkedSite, random: Random): readonly Fault[] => {
  const faults: Fault[] = [];
  const choices = choicesWith(site.engines.kurrentdb !== undefined);
  for (let wanted = howMany(random); wanted > 0; wanted--) {
    const startsAfterMs = faults.length === 0 ? 0 : random() * SPREAD_MS;
    const fault = { ...pickByShare(choices, random)(site, random), startsAfterMs };
    if (!faults.some(({ target }) => target === fault.target)) faults.push(fault);
  }
  return faults;
};

/** What decides which faults a site can have. */
export interface Outline {
  readonly hasKurrentDb: boolean;
  readonly hasSmallDisk: boolean;
}

/** Is one replica or one engine killed in the round of this seed, and nothing else broken? */
export const isSingleKill = (seed: number, outline: Outline): boolean => {
  const random = seededRandom(seed);
  if (howMany(random) !== 1) return false;
  const { kind } = pickByShare(choicesWith(outline.hasKurrentDb), random)(sketch(outline), random);
  return kind === 'process killed' || kind === 'engine killed';
};

/** A site that faults can be drawn for, and not begun. */
export const sketch = ({ hasKurrentDb, hasSmallDisk }: Outline): NetworkedSite => {
  const engines = { postgres: { smallDisk: hasSmallDisk ? {} : undefined }, redis: {}, rabbitmq: {}, mongodb: {} };
  return {
    hub: {},
    erp: {},
    urls: {},
    links: { peers: ['any'], to: () => ({}) },
    engines: { ...engines, kurrentdb: hasKurrentDb ? {} : undefined },
  } as unknown as NetworkedSite;
};

const howMany = (random: Random): number => {
  const draw = random();
  return draw < 0.5 ? 1 : draw < 0.8 ? 2 : 3;
};

const pickByShare = (choices: typeof FAULTS, random: Random): Draw => {
  let left = random() * choices.reduce((sum, [share]) => sum + share, 0);
  for (const [share, draw] of choices) if ((left -= share) < 0) return draw;
  return choices.at(-1)![1];
};
