import { PROCESSES } from '../../support/networked-hub.ts';
import { pick, type Random } from '../load.ts';
import type { Fault } from './fault.ts';
import { type NetworkedSite, REPLICAS } from './site.ts';

type Drawn = Omit<Fault, 'startsAfterMs'>;
/** Longer than any lease of the hub: somebody else has taken over. */
const LONG_FREEZE_MS = 8_000;

export const processKilled = ({ hub }: NetworkedSite, random: Random): Drawn => {
  const { name, replica, label } = drawProcess(random);
  const startsTwice = random() < 0.2;
  return {
    name: `${label} killed${startsTwice ? ', and again while it starts' : ''}`,
    kind: 'process killed',
    target: label,
    lastsMs: 200 + random() * 2_500,
    begin: async () => void (await hub.end(name, 'SIGKILL', replica)),
    end: async () => {
      if (startsTwice) await hub.startAndKill(name, replica, random() * 1_500);
      await hub.startProcess(name, replica);
    },
  };
};

export const processFrozen = ({ hub }: NetworkedSite, random: Random): Drawn => {
  const { name, replica, label } = drawProcess(random);
  return {
    name: `${label} frozen`,
    kind: 'process frozen',
    target: label,
    lastsMs: random() < 0.3 ? LONG_FREEZE_MS : 300 + random() * 3_000,
    begin: async () => hub.freeze(name, replica),
    end: async () => hub.thaw(name, replica),
  };
};

const SECOND_MS = 1_000;
const JUMPS_MS = [-3_600, -600, -60, -5, 5, 30, 60, 200].map((seconds) => seconds * SECOND_MS);

export const clockSet = ({ hub }: NetworkedSite, random: Random): Drawn => {
  const { name, replica, label } = drawProcess(random);
  const aheadMs = pick(random, JUMPS_MS);
  return {
    name: `clock of ${label} ${Math.abs(aheadMs) / SECOND_MS} s ${aheadMs < 0 ? 'slow' : 'fast'}`,
    kind: 'clock set',
    target: label,
    lastsMs: 500 + random() * 2_500,
    begin: () => hub.setClock(name, aheadMs, replica),
    end: () => hub.setClock(name, 0, replica),
    // Of a token: issued in the future.
    excuses: ({ status }) => status === 401,
  };
};

const drawProcess = (random: Random) => {
  const name = pick(random, PROCESSES);
  const replica = Math.floor(random() * REPLICAS);
  return { name, replica, label: `${name} ${replica + 1}` };
};
