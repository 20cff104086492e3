import type { LocalServer } from '../../servers/local-server.ts';
import { pick, type Random } from '../load.ts';
import { dropCollections, emptyRabbitMq, emptyRedis } from './emptying.ts';
import type { Fault } from './fault.ts';
import type { NetworkedSite } from './site.ts';

type Drawn = Omit<Fault, 'startsAfterMs'>;

const nothing = async (): Promise<void> => undefined;
const awhile = (random: Random): number => 200 + random() * 2_500;

export const postgresFault = ({ engines: { postgres } }: NetworkedSite, random: Random): Drawn => {
  const common = { target: 'PostgreSQL' } as const;
  const disk = postgres.smallDisk;
  switch (pick(random, ['killed', 'restarted', 'frozen', ...(disk ? ['full'] : [])])) {
    case 'killed':
      return {
        ...common,
        name: 'PostgreSQL killed',
        kind: 'engine killed',
        lastsMs: awhile(random),
        begin: () => postgres.kill(),
        end: () => postgres.start(),
      };
    case 'restarted':
      return {
        ...common,
        name: 'PostgreSQL restarted',
        kind: 'engine restarted',
        lastsMs: 0,
        begin: () => postgres.restart(),
        end: nothing,
      };
    case 'frozen':
      return {
        ...common,
        name: 'PostgreSQL frozen',
        kind: 'engine frozen',
        lastsMs: awhile(random),
        begin: () => postgres.freeze(),
        end: () => postgres.thaw(),
      };
    default:
      return {
        ...common,
        name: 'disk of PostgreSQL full',
        kind: 'disk full',
        lastsMs: 1_000 + awhile(random),
        begin: async () => disk!.fill(),
        // It may have given up; whoever supervises it starts it again.
        end: async () => {
          disk!.free();
          if (!postgres.isRunning()) await postgres.start();
        },
      };
  }
};

export const redisFault = ({ engines: { redis } }: NetworkedSite, random: Random): Drawn =>
  random() < 0.4
    ? { target: 'Redis', name: 'Redis emptied', kind: 'engine emptied', lastsMs: 0, begin: () => emptyRedis(redis), end: nothing }
    : serverFault('Redis', redis, random);

export const rabbitMqFault = ({ engines: { rabbitmq } }: NetworkedSite, random: Random): Drawn => {
  // It takes ten seconds of computing to start.
  if (random() < 0.2) return serverFault('RabbitMQ', rabbitmq, random);
  const what = pick(random, ['hints', 'queues'] as const);
  return {
    target: 'RabbitMQ',
    name: `RabbitMQ's ${what} deleted`,
    kind: 'engine emptied',
    lastsMs: 0,
    begin: () => emptyRabbitMq(rabbitmq, what),
    end: nothing,
  };
};

export const mongoDbFault = ({ engines: { mongodb }, urls }: NetworkedSite, random: Random): Drawn =>
  random() < 0.3
    ? {
        target: 'MongoDB',
        name: 'collections of MongoDB dropped',
        kind: 'engine emptied',
        lastsMs: 0,
        begin: () => dropCollections(urls.HUB_MONGODB_URL),
        end: nothing,
      }
    : serverFault('MongoDB', mongodb, random);

/** What any server can suffer. */
const serverFault = (target: 'Redis' | 'RabbitMQ' | 'MongoDB', server: LocalServer, random: Random): Drawn => {
  switch (pick(random, ['killed', 'restarted', 'frozen'])) {
    case 'killed':
      return {
        target,
        name: `${target} killed`,
        kind: 'engine killed',
        lastsMs: awhile(random),
        begin: () => server.kill(),
        end: () => server.restart(),
      };
    case 'restarted':
      return { target, name: `${target} restarted`, kind: 'engine restarted', lastsMs: 0, begin: () => server.restart(), end: nothing };
    default:
      return {
        target,
        name: `${target} frozen`,
        kind: 'engine frozen',
        lastsMs: awhile(random),
        begin: async () => server.freeze(),
        end: async () => server.thaw(),
      };
  }
};

/** Of the double. @throws Error where the hub has another log */
export const kurrentDbFault = ({ engines: { kurrentdb: server } }: NetworkedSite, random: Random): Drawn => {
  if (!server) throw new Error('this hub has no KurrentDB');
  return random() < 0.5
    ? {
        target: 'KurrentDB',
        name: 'KurrentDB killed',
        kind: 'engine killed',
        lastsMs: awhile(random),
        begin: async () => server.kill(),
        end: () => server.restart(),
      }
    : {
        target: 'KurrentDB',
        name: 'replies of KurrentDB lost and late',
        kind: 'connections slow',
        lastsMs: awhile(random),
        begin: async () => {
          server.faults.lostReplies += 2;
          server.faults.delayedReplies += 10;
          server.faults.replyDelayMs = 300;
        },
        end: async () => {
          server.faults.lostReplies = server.faults.delayedReplies = 0;
        },
      };
};
