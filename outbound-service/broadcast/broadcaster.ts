import { aborted } from '@sagahub/contracts/aborted.ts';
import { categoryOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import { type ConsumerEvent, CONSUMERS } from '@sagahub/contracts/messages/consumer.ts';
import type { BroadcastMessage, EventBroadcast, RefusalVerdict, RefusedMessage } from '@sagahub/contracts/ports/event-broadcast.ts';
import { watchLog } from '@sagahub/contracts/log-watch.ts';
import { LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import type { Term } from '@sagahub/contracts/ports/leadership.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { goingOnAt } from '../going-on.ts';
import { StreamTurns } from '../webhooks/deliveries/stream-turns.ts';
import { FACE_CATEGORIES } from '../webhooks/flows.ts';
import type { ConsumerSetting } from './config.ts';
import { type KnownConsumer, settleConsumers } from './consumers.ts';
import { Member } from './member.ts';
import type { Messages } from './messages.ts';

export type BroadcasterPorts = Pick<Ports, 'store' | 'documents' | 'clock' | 'telemetry'>;
export interface BroadcasterOptions {
  readonly ports: BroadcasterPorts;
  readonly broadcast: EventBroadcast;
  readonly messages: Messages;
  readonly consumers: readonly ConsumerSetting[];
  readonly queueLimit: number;
  readonly onRefused: (message: RefusedMessage) => Promise<RefusalVerdict>;
}

/** Checkpoints among those of the projections: of what is published to all, of each consumer, and of what is {@link Member.safe}. */
const LIVE = 'events-broadcast';
export const positionOf = (consumer: string): string => `events-${consumer}`;
const safeOf = (consumer: string): string => `events-safe-${consumer}`;
const CHECKPOINT_EVERY_MS = 3_000;
const LOOK_EVERY_MS = 1_000;
const PAUSE_MS = 1_000;
const JOIN_EVERY_MS = 50;
const PAGE = 200;

/** What is published is published one batch after the other, and nobody joins or leaves meanwhile. */
const TURN = 'live';

/**
 * Brings events to consumers, for as long as one process leads. It follows the log and publishes to all that are up to date; a consumer
 * whose queue is full or gone leaves them, is served alone from the log at its own pace, and joins them again: so neither the log nor
 * another consumer ever waits for it.
 *
 * | what happens | what it does |
 * |---|---|
 * | it begins | nobody is live: each consumer catches up from its own position, which takes no time for those that are up to date |
 * | a batch of the log | publishes it to all that are live |
 * | the broker refuses it, or does not answer in time | all that are live are put aside at the position before it, and get it alone: the one that is full or hangs waits, the others join again |
 * | a queue has as much as it may | its consumer is put aside until half of that is taken |
 * | a queue is gone | it is made again, and filled from the position up to which everything was settled |
 * | the connection is lost | fails; whoever leads begins again from the checkpoints |
 */
export class Broadcaster {
  readonly #options: BroadcasterOptions;
  readonly #term: Term;
  readonly #turns = new StreamTurns();
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #tasks = new Set<Promise<void>>();
  #members: ReadonlyMap<string, Member> = new Map();
  /** Up to here everything was published to all that were live. */
  #position = LOG_START;

  constructor(options: BroadcasterOptions, term: Term) {
    this.#options = options;
    this.#term = term;
    this.#signal = AbortSignal.any([term.signal, this.#ended.signal]);
  }

  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Runs until the signal aborts. @throws what keeps it from going on */
  async run(onWell: () => void): Promise<void> {
    const { ports, broadcast, consumers: configured, onRefused } = this.#options;
    const { store, documents } = ports;
    const consumers = await settleConsumers(ports, configured, {
      begin: (name, after) => this.#begin(name, after),
      leave: (name) => broadcast.leave(name),
    });
    const members = await Promise.all([...consumers].map((consumer) => this.#memberOf(consumer)));
    for (const name of consumers.keys()) await broadcast.leave(name);
    this.#members = new Map(members.map((member) => [member.name, member]));
    const published = await documents.takeOver(LIVE, this.#term);
    this.#position = published === LOG_START ? await store.lastPosition() : await goingOnAt(published, store);
    await using _refused = await broadcast.takeRefused([...consumers.keys()], onRefused);
    await using feed = store.subscribe({
      after: this.#position,
      categories: [...FACE_CATEGORIES, CONSUMERS],
      onEvents: (events) => this.#turns.run(TURN, () => this.#take(events)),
    });
    for (const member of members) this.#serveAlone(member);
    onWell();
    try {
      using watch = watchLog(ports);
      await Promise.race([feed.done, aborted(this.#signal), this.#look(), this.#moveCheckpoints(), watch.lost]);
    } finally {
      this.#ended.abort();
      await feed[Symbol.asyncDispose]();
      await Promise.all(this.#tasks);
    }
    await this.#writeCheckpoints();
  }

  /** One of its name may have been here before, and have left its place. */
  async #begin(name: string, after: bigint): Promise<void> {
    const { documents } = this.#options.ports;
    for (const checkpoint of [positionOf(name), safeOf(name)]) {
      await documents.takeOver(checkpoint, this.#term);
      await documents.write(checkpoint, [], after, undefined, this.#term);
    }
  }

  async #memberOf([name, { patterns, after }]: readonly [string, KnownConsumer]): Promise<Member> {
    const { documents, clock, store } = this.#options.ports;
    const position = await goingOnAt(await documents.takeOver(positionOf(name), this.#term), store);
    const safe = await goingOnAt(await documents.takeOver(safeOf(name), this.#term), store);
    // Without a checkpoint, as of a read model that was lost: from where it began.
    return new Member(name, patterns, position === LOG_START ? after : position, safe === LOG_START ? after : safe, clock.now());
  }

  async #take(events: readonly RecordedEvent[]): Promise<void> {
    if (this.#signal.aborted) return;
    const messages = await this.#options.messages.ofAll(events);
    await this.#publish(messages);
    this.#position = events.at(-1)?.position ?? this.#position;
    for (const member of this.#live()) {
      member.sent(messages.filter(({ type }) => member.wants(type)).length);
      member.position = this.#position;
    }
    for (const event of events) if (categoryOf(event.stream) === CONSUMERS) await this.#recover(event as unknown as ConsumerEvent);
  }

  async #publish(messages: readonly BroadcastMessage[]): Promise<void> {
    const live = this.#live();
    try {
      if (await this.#options.broadcast.publish(messages)) return;
    } catch (error) {
      if (live.length === 0) throw error;
      this.#options.ports.telemetry.logger.warn('consumers are served alone for a moment', { reason: String(error) });
    }
    // One of the queues took not all of it, and the broker does not say which.
    for (const member of live) await this.#putAside(member, member.position);
  }

  async #recover({ type, data }: ConsumerEvent): Promise<void> {
    const member = this.#members.get(data.name);
    if (type !== 'ConsumerRecoveryRequested' || !member) return;
    const after = BigInt(data.after);
    // One that is further behind gets all of it anyway.
    if (after < member.position) await this.#putAside(member, after);
  }

  /** In turn with publishing. */
  async #putAside(member: Member, position: bigint): Promise<void> {
    const wasLive = member.mode === 'live';
    member.goBack(position);
    await this.#options.broadcast.leave(member.name);
    if (wasLive) this.#serveAlone(member);
  }

  #live(): readonly Member[] {
    return this.members.filter(({ mode }) => mode === 'live');
  }

  #serveAlone(member: Member): void {
    const { clock, telemetry } = this.#options.ports;
    const serve = async (): Promise<void> => {
      while (!this.#signal.aborted) {
        try {
          await this.#catchUp(member);
          member.failure = undefined;
          return;
        } catch (error) {
          member.failure = error instanceof Error ? error.message : String(error);
          telemetry.logger.warn('a consumer cannot be served; it is tried again', { consumer: member.name, reason: member.failure });
          await clock.sleep(PAUSE_MS, this.#signal);
        }
      }
    };
    const task = serve().finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  /** Until it is live. */
  async #catchUp(member: Member): Promise<void> {
    const { ports, broadcast } = this.#options;
    await this.#prepare(member);
    while (!this.#signal.aborted) {
      const { round } = member;
      const page = await this.#behind(member, PAGE);
      if (page.length === 0) {
        if (await this.#turns.run(TURN, () => this.#join(member))) return;
        await ports.clock.sleep(JOIN_EVERY_MS, this.#signal);
        continue;
      }
      const messages = (await this.#options.messages.ofAll(page)).filter(({ type }) => member.wants(type));
      const outcome = await broadcast.publishTo(member.name, messages);
      if (outcome === 'missing') await this.#prepare(member);
      if (outcome === 'full') await ports.clock.sleep(PAUSE_MS, this.#signal);
      if (outcome !== 'taken' || member.round !== round) continue;
      member.failure = undefined;
      member.sent(messages.length);
      member.position = page.at(-1)?.position ?? member.position;
      if (messages.length > 0) await this.#room(member);
    }
  }

  async #prepare(member: Member): Promise<void> {
    const { broadcast, ports } = this.#options;
    const isNew = await broadcast.prepare(member.name);
    if (isNew && member.safe < member.position) {
      ports.telemetry.logger.warn('the queue of a consumer was gone; it is filled again', { consumer: member.name });
      member.goBack(member.safe);
    }
    await this.#room(member);
  }

  /** What was published to all without it, oldest first. */
  async #behind(member: Member, limit: number): Promise<readonly RecordedEvent[]> {
    const page = await this.#options.ports.store.readAll({ after: member.position, limit, categories: FACE_CATEGORIES });
    return page.filter(({ position }) => position <= this.#position);
  }

  /** In turn with publishing, so that nothing falls in between. */
  async #join(member: Member): Promise<boolean> {
    if (this.#signal.aborted || (await this.#behind(member, 1)).length > 0) return false;
    // A new one gets nothing that lies before its beginning and is still to be published to all.
    const [next] = await this.#options.ports.store.readAll({ after: this.#position, limit: 1, categories: FACE_CATEGORIES });
    if (next && next.position <= member.position) return false;
    await this.#options.broadcast.join(member.name, member.patterns);
    member.mode = 'live';
    if (member.position < this.#position) member.position = this.#position;
    return true;
  }

  /** Waits while its queue has as much as it may, until half of that is taken. */
  async #room(member: Member): Promise<void> {
    const { broadcast, queueLimit, ports } = this.#options;
    for (let limit = queueLimit; !this.#signal.aborted; limit = queueLimit / 2) {
      const queue = await broadcast.queueOf(member.name);
      if (!queue || queue.waiting < limit) return;
      member.failure = `its queue holds ${queue.waiting} events; the next ones wait in the log until half of them are taken`;
      await ports.clock.sleep(PAUSE_MS, this.#signal);
    }
  }

  /** Now and then, at every queue. */
  async #look(): Promise<void> {
    const { ports, broadcast, queueLimit } = this.#options;
    while (!this.#signal.aborted) {
      await Promise.all(
        this.members.map(async (member) => {
          const queue = await broadcast.queueOf(member.name).catch(() => null);
          if (queue === null) {
            member.waiting = undefined; // what it means shows when something is published
            return;
          }
          if (queue) member.look(queue.waiting, queue.retrying, ports.clock.now());
          if (member.mode !== 'live' || (queue && queue.waiting < queueLimit)) return;
          await this.#turns.run(TURN, async () => {
            if (member.mode === 'live' && !this.#signal.aborted) await this.#putAside(member, member.position);
          });
        }),
      );
      await ports.clock.sleep(LOOK_EVERY_MS, this.#signal);
    }
  }

  async #moveCheckpoints(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#options.ports.clock.sleep(CHECKPOINT_EVERY_MS, this.#signal);
      await this.#writeCheckpoints();
    }
  }

  /** That of all comes last: from there on a request to recover one of them is read again, unless that one has gone back already. */
  async #writeCheckpoints(): Promise<void> {
    const { documents } = this.#options.ports;
    await this.#turns.run(TURN, async () => {
      const positions = this.members.flatMap(({ name, position, safe }) => [
        [positionOf(name), position] as const,
        [safeOf(name), safe] as const,
      ]);
      for (const [name, position] of [...positions, [LIVE, this.#position] as const])
        if (position !== (await documents.checkpoint(name))) await documents.write(name, [], position, undefined, this.#term);
    });
  }
}
