import assert from 'node:assert/strict';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { seededRandom } from '@sagahub/simulators/random.ts';
import { EventConsumer } from '../../support/event-consumer.ts';
import { WebhookReceiver } from '../../support/webhook-receiver.ts';
import { startTcpProxy } from '../../servers/tcp-proxy.ts';
import { CheckpointWatch } from './checkpoints.ts';
import { awayAtPresent } from './excuses.ts';
import { type Leader, type Leaders, leadersOf } from './leaders.ts';
import { type NetworkedSite, networkedSite, sharedSite, TEST_LIMIT_MS } from './site.ts';

const seed = Number(process.env['HUB_FAULTS_SEED'] ?? Date.now() % 1_000_000);

/** Of each sender: takeovers take a minute or two, and FerretDB is slow once it holds thousands of orders. */
const PAUSE_MS = 500;

/** Of each kind one: whoever leads more is frozen with all of it. */
const LEADERSHIPS = ['sequencer', 'relay', 'projector-orders', 'webhook-fan-out'] as const;

describe(`leaders that hang and wake up in a hub of many processes (HUB_FAULTS_SEED=${seed})`, () => {
  let receiver: WebhookReceiver;
  before(async () => (receiver = await WebhookReceiver.start()));
  after(() => receiver?.[Symbol.asyncDispose]());
  const held = networkedSite('postgres', () => ({
    subscribed: true,
    env: ({ HUB_RABBITMQ_URL }) => ({
      HUB_ALERT_URL: receiver.url('/alerts'),
      HUB_ALERT_SECRET: 'a secret of some length',
      HUB_CONSUMERS: 'ledger=order.#',
      HUB_EVENTS_URL: HUB_RABBITMQ_URL,
    }),
  }));

  it('are replaced while they hang, write nothing that is kept when they wake up, and go on as candidates', async () => {
    const { site } = held;
    const { hub } = site;
    await using ledger = await EventConsumer.read(site.urls.HUB_RABBITMQ_URL, 'ledger');
    await using checkpoints = new CheckpointWatch(site);
    const left = new Set<string>(LEADERSHIPS);
    const completed: string[] = [];
    const broken = await site.through(
      async ({ someLoad }) => {
        while (left.size > 0) {
          const before = await allLed(site);
          const hanging = twoOf(left, before);
          const names = Object.keys(before).filter((leadership) => hanging.has(before[leadership]!.pid));
          for (const { name, replica } of hanging.values()) hub.freeze(name, replica);
          const after = await taken(site, names, before);
          completed.push(await goesThrough(site, `WHILE-${first(left)}`));
          for (const { name, replica } of hanging.values()) hub.thaw(name, replica);
          await noticed(site, names, before, after);
          await someLoad();
          for (const one of names) left.delete(one);
        }
        completed.push(await goesThrough(site, 'AT-THE-END'));
      },
      { seed, random: seededRandom(seed), excused: awayAtPresent, pauseMs: PAUSE_MS },
    );
    assert.deepEqual(broken, []);
    assert.deepEqual(checkpoints.movedBack, []);
    assert.ok(checkpoints.seen.size >= LEADERSHIPS.length, `seen: ${[...checkpoints.seen.keys()].join()}`);
    assert.deepEqual(await gaps(site), []);
    await until(
      'the consumer having everything',
      async () =>
        completed.filter((orderId) =>
          ledger.distinct.every(({ subject, type }) => subject !== `order/${orderId}` || type !== 'order.completed'),
        ),
      (missing) => missing.length === 0,
    );
    const stories = Map.groupBy(ledger.distinct, ({ subject }) => subject);
    for (const [subject, events] of stories)
      assert.equal(events[0]?.type, 'order.received', `the consumer heard of ${subject} from its middle on`);
  }).timeout(TEST_LIMIT_MS);
});

describe(`leaders whose engine is out of reach of them alone (HUB_FAULTS_SEED=${seed})`, () => {
  const held = sharedSite();

  for (const { name, process, setting } of [
    { name: 'relay', process: 'orchestration-service', setting: 'HUB_RABBITMQ_URL' },
    { name: 'projector-orders', process: 'read-model', setting: 'HUB_MONGODB_URL' },
  ] as const)
    it(`give their lead up to others who reach it: ${name}`, async () => {
      const { site } = held;
      const { hub, urls } = site;
      const url = urls[setting];
      await using link = await startTcpProxy(Number(new URL(url).port));
      await hub.end(process, 'SIGTERM', CUT_OFF);
      await hub.startProcess(process, CUT_OFF, { [setting]: url.replace(new URL(url).port, String(link.port)) });
      await hub.end(process, 'SIGTERM', REACHING);
      await until(
        'the one that will be cut off leading',
        () => leadersOf(hub),
        (leaders) => leaders[name] !== undefined && hub.processes.find((one) => one.name === process)?.pid === leaders[name].pid,
      );
      await hub.startProcess(process, REACHING);
      const broken = await site.through(
        async ({ someLoad }) => {
          const before = await leadersOf(hub);
          link.refuse();
          await taken(site, [name], before);
          await goesThrough(site, `WHILE-${name}-IS-CUT-OFF`);
          link.heal();
          await someLoad();
        },
        { seed, random: seededRandom(seed), excused: awayAtPresent, pauseMs: PAUSE_MS },
      );
      assert.deepEqual(broken, []);
      await hub.end(process, 'SIGTERM', CUT_OFF);
      await hub.startProcess(process, CUT_OFF);
    }).timeout(TEST_LIMIT_MS);
});

/** Replicas. */
const [REACHING, CUT_OFF] = [0, 1];

const first = (names: ReadonlySet<string>): string => names.values().next().value!;

/** Who leads one of these, by pid: two if they are of different services, so that a replica of each is left. */
const twoOf = (names: ReadonlySet<string>, leaders: Leaders): ReadonlyMap<number, Leader> => {
  const one = leaders[first(names)]!;
  const other = [...names].map((name) => leaders[name]!).find(({ name }) => name !== one.name) ?? one;
  return new Map([one, other].map((leader) => [leader.pid, leader]));
};

const allLed = (site: NetworkedSite): Promise<Leaders> =>
  until(
    'everything being led',
    () => leadersOf(site.hub),
    (leaders) => LEADERSHIPS.every((name) => leaders[name] !== undefined),
  );

/** Once each of them is led by another process, in a later term. Those who led are not asked: they may hang. */
const taken = (site: NetworkedSite, names: readonly string[], before: Leaders): Promise<Leaders> => {
  const except = new Set(names.map((name) => before[name]!.pid));
  return until(
    `others leading ${names.join()}`,
    () => leadersOf(site.hub, { except }),
    (leaders) => names.every((name) => leaders[name] !== undefined && leaders[name].epoch > before[name]!.epoch),
  );
};

/** Once those that woke up answer again, and claim none of the terms they had. */
const noticed = async (site: NetworkedSite, names: readonly string[], before: Leaders, after: Leaders): Promise<void> => {
  for (const [pid, terms] of Map.groupBy(names, (name) => before[name]!.pid))
    await until(
      'the process that woke up knowing that others lead',
      () => leadersOf(site.hub, { only: pid }),
      (claimed) => terms.every((name) => claimed[name] === undefined || claimed[name].epoch > after[name]!.epoch),
    );
};

/** Shown by its status, so it was sequenced, relayed, worked on and projected. */
const goesThrough = async ({ demo }: NetworkedSite, orderNumber: string): Promise<string> => {
  const { status, body, text } = await until(
    `${orderNumber} being accepted`,
    () => demo.post('/api/v1/orders', anOrder(orderNumber)),
    (answer) => answer.status !== 503,
  );
  assert.equal(status, 202, text);
  await until(
    `${orderNumber} being completed`,
    () => demo.get(`/api/v1/orders/${body.orderId}`),
    (answer) => answer.body?.status === 'completed',
  );
  await until(
    `${orderNumber} being listed as completed`,
    () => demo.get(`/api/v1/orders?orderNumber=${orderNumber}&status=completed`),
    (answer) => answer.body?.items?.[0]?.orderId === body.orderId,
  );
  return body.orderId as string;
};

/** Places in the order of the log that are missing or given twice. */
const gaps = async ({ engines: { postgres }, urls }: NetworkedSite): Promise<readonly unknown[]> =>
  postgres.query(
    urls.HUB_POSTGRES_URL.replace('service@', 'postgres@'),
    `SELECT * FROM (SELECT first_position, lag(first_position + events, 1, 1::bigint) OVER (ORDER BY first_position) AS expected FROM sagahub.placed) AS p
     WHERE first_position <> expected
     UNION ALL SELECT count(*), (SELECT sum(events) FROM sagahub.placed) FROM sagahub.events HAVING count(*) <> (SELECT sum(events) FROM sagahub.placed)`,
  );
