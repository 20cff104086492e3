import { FairShareError, type HubError, OverloadedError } from '@sagahub/contracts/errors.ts';
import type { AdmissionGate, Place } from '@sagahub/contracts/ports/admission-gate.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Counter, Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import { busyShare } from './busy-share.ts';
import { shareBeside } from './backlog.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { Courtesy } from './courtesy.ts';
import { Standstill } from './standstill.ts';
import { type Waiter, WaitingRoom } from './waiting-room.ts';

export interface GateOptions {
  /** Never more at once than this. */
  readonly most: number;
  /** How long the last one in the room is to wait at most. */
  readonly maxWaitMs: number;
  /** How much slower than alone requests may become. */
  readonly tolerance: number;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly telemetry: Pick<Telemetry, 'gauge' | 'counter' | 'logger'>;
  /** Decisions on what was accepted that this process has not got to. Default: none are made in it. */
  readonly backlog?: (() => number) | undefined;
  /** Milliseconds from any start, finer than a clock's. Default: `performance.now`. */
  readonly now?: () => number;
  /** Share of the time since it was asked last in which the process had something to do. Default: {@link busyShare}. */
  readonly busyShare?: () => number;
}

interface Waiting extends Waiter {
  readonly enter: (place: Place) => void;
  readonly refuse: (error: HubError) => void;
}

/** So many may always begin to wait: what one client with many connections has outstanding is no overload. */
const ALWAYS_WAITING = 64;
/** So few of a partner wait on, however slow it is: no overload would leave it at that. */
const FEW_WAITING = 16;
/** A burst, or a pause of an engine, may fill the room so far for so long before anybody is refused. */
const BURST = 512;
const BURST_MS = 500;
/** Where hardly anything may be carried out at once, hardly anything may wait. */
const ROOM_PER_PLACE = 8;
/** Of the places, one at least. */
const KEPT_FOR_OTHERS = 0.25;
/** So many at once are nothing to be courteous about, */
const MODEST = 2;
/** unless so many more of the same partner have been waiting for as long as a burst may. */
const QUEUE = 8;
/** Of a timer. */
const SHORTEST_REST_MS = 1;
/** Who has waited for so long is refused if its line stands still, or is of more than a few. */
const PATIENCE_MS = 1_000;
/** Nobody waits for longer. */
const LONGEST_WAIT_MS = 5_000;
const LOOK_EVERY_MS = 250;
/** In how many looks a line had no turn: what is in hand takes long, and not for want of time; */
const SLOW = 2;
/** it hangs. */
const HANGING = 4;
/** Another partner that was here so lately is about. */
const ABOUT_MS = 1_000;
/** A line of the log for each refusal would be the next overload. */
const TELL_EVERY_MS = 10_000;
/** Refused clients are spread over them when they come back. */
const RETRY_AFTER_MS = [1_000, 2_000, 3_000];

export const openAdmissionGate = (options: GateOptions): AdmissionGate => new Gate(options);

class Gate implements AdmissionGate {
  readonly #options: GateOptions;
  readonly #now: () => number;
  readonly #limit: ConcurrencyLimit;
  readonly #courtesy: Courtesy;
  readonly #room = new WaitingRoom<Waiting>();
  readonly #standstill = new Standstill();
  readonly #refused: Counter;
  /** By partner. */
  readonly #inFlight = new Map<string, number>();
  /** Since when there has been a long line of a partner at every moment. */
  readonly #queueingSinceMs = new Map<string, number>();
  /** Partners that give the others time. */
  readonly #resting = new Set<string>();
  #total = 0;
  /** Since when somebody has been waiting at every moment. */
  #standingSinceMs: number | undefined;
  #isLooking = false;
  #refusals = 0;
  #toldAtMs = -Infinity;
  #latest: Seen | undefined;
  #latestOther: Seen | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#limit = new ConcurrencyLimit(options);
    this.#courtesy = new Courtesy(options.busyShare ?? busyShare());
    const { telemetry } = options;
    this.#refused = telemetry.counter(METRICS.intakeShed.name);
    telemetry.gauge(METRICS.intakeLimit.name, () => [[this.#places]]);
    telemetry.gauge(METRICS.intakeInFlight.name, () => [[this.#total]]);
    telemetry.gauge(METRICS.intakeWaiting.name, () => [[this.#room.size]]);
  }

  check({ partnerId }: { readonly partnerId: string }): void {
    const nowMs = this.#now();
    if (this.#mayPass(partnerId, nowMs) || !this.#isRoomFull(nowMs)) return;
    const fullest = this.#room.fullest();
    if (fullest !== undefined && this.#room.waitingOf(partnerId) >= this.#room.waitingOf(fullest)) throw this.#refusal(partnerId, nowMs);
  }

  enter(who: { readonly partnerId: string }): Place | Promise<Place> {
    const { partnerId } = who;
    const sinceMs = this.#now();
    this.#see(partnerId, sinceMs); // and not at the check: who is refused for want of a right or a quota takes nobody's place
    this.check(who);
    if (this.#mayPass(partnerId, sinceMs)) return this.#placeFor(partnerId);
    if (this.#isRoomFull(sinceMs)) this.#makeRoom(sinceMs);
    this.#standingSinceMs ??= sinceMs;
    return new Promise((enter, refuse) => {
      this.#room.add({ partnerId, sinceMs, enter, refuse });
      if (!this.#isLooking) void this.#lookAtThoseWaiting();
    });
  }

  /** One at least, so that somebody leaves again and lets the next one in. */
  get #places(): number {
    return Math.max(1, Math.floor(this.#limit.limit * this.#share));
  }

  get #share(): number {
    return shareBeside(this.#options.backlog?.() ?? 0);
  }

  #mayPass(partnerId: string, nowMs: number): boolean {
    return this.#total < this.#places && this.#room.waitingOf(partnerId) === 0 && !this.#hasItsShare(partnerId, nowMs);
  }

  /**
   * While others are about, nobody has all places: those are given back some at a time, as the log takes many at once, and whoever comes between would
   * wait for one first and then for the log. Nor so many that the process has no time for the others.
   */
  #hasItsShare(partnerId: string, nowMs: number): boolean {
    if (!this.#isAnotherAbout(partnerId, nowMs)) return false;
    const most = this.#mostBesideOthers;
    const has = this.#inFlight.get(partnerId) ?? 0;
    const courteous = this.#courtesy.places(nowMs);
    const isFlood = this.#isFlood(partnerId, nowMs);
    if (has < Math.min(most, isFlood ? courteous : Math.max(MODEST, courteous)) && !(isFlood && this.#resting.has(partnerId))) return false;
    this.#courtesy.wanted(most, nowMs);
    return true;
  }

  get #mostBesideOthers(): number {
    const places = this.#places;
    return Math.max(1, places - Math.max(1, Math.floor(places * KEPT_FOR_OTHERS)));
  }

  /** Has a long line of it been standing for a while, and is it most of everything? Equals share what there is, and a hiccup is no flood. */
  #isFlood(partnerId: string, nowMs: number): boolean {
    if (this.#room.waitingOf(partnerId) < QUEUE) {
      this.#queueingSinceMs.delete(partnerId);
      return false;
    }
    const sinceMs = this.#queueingSinceMs.get(partnerId);
    if (sinceMs === undefined) this.#queueingSinceMs.set(partnerId, nowMs);
    return sinceMs !== undefined && nowMs - sinceMs >= BURST_MS && this.#hasMost(partnerId);
  }

  #hasMost(partnerId: string): boolean {
    const held = this.#room.waitingOf(partnerId) + (this.#inFlight.get(partnerId) ?? 0);
    return held * 2 > this.#room.size + this.#total;
  }

  #isRoomFull(nowMs: number): boolean {
    const { most, maxWaitMs } = this.#options;
    const isBurst = this.#standingSinceMs === undefined || nowMs - this.#standingSinceMs < BURST_MS;
    const size = Math.max(isBurst ? BURST : ALWAYS_WAITING, this.#limit.perMs * this.#share * maxWaitMs);
    return this.#room.size >= Math.min(size, most * ROOM_PER_PLACE);
  }

  #placeFor(partnerId: string): Place {
    this.#total += 1;
    this.#inFlight.set(partnerId, (this.#inFlight.get(partnerId) ?? 0) + 1);
    this.#room.hadTurn(partnerId);
    this.#standstill.hadTurn(partnerId);
    const beganMs = this.#now();
    this.#limit.begun(this.#total, beganMs);
    let isLeft = false;
    return {
      leave: (served = false) => {
        if (isLeft) return;
        isLeft = true;
        this.#leave(partnerId, beganMs, served);
      },
    };
  }

  #leave(partnerId: string, beganMs: number, served: boolean): void {
    this.#total -= 1;
    const left = (this.#inFlight.get(partnerId) ?? 1) - 1;
    if (left > 0) this.#inFlight.set(partnerId, left);
    else {
      this.#inFlight.delete(partnerId);
      this.#room.forget(partnerId);
    }
    const nowMs = this.#now();
    if (served) this.#limit.ended(nowMs - beganMs, nowMs, this.#share < 1);
    if (this.#isFlood(partnerId, nowMs)) void this.#rest(partnerId, this.#courtesy.restMs(nowMs - beganMs));
    this.#letIn(nowMs);
  }

  #letIn(nowMs: number): void {
    while (this.#total < this.#places) {
      const next = this.#room.next((waiting) => this.#hasItsShare(waiting, nowMs));
      if (!next) break;
      next.enter(this.#placeFor(next.partnerId));
    }
    if (this.#room.size > 0 && this.#total >= this.#places) this.#limit.wanted();
    if (this.#room.size === 0) this.#standingSinceMs = undefined;
  }

  async #rest(partnerId: string, ms: number): Promise<void> {
    if (ms < SHORTEST_REST_MS || this.#resting.has(partnerId)) return;
    this.#resting.add(partnerId);
    await this.#options.clock.sleep(ms);
    this.#resting.delete(partnerId);
    this.#letIn(this.#now());
  }

  #makeRoom(nowMs: number): void {
    const fullest = this.#room.fullest();
    if (fullest !== undefined) this.#room.removeNewestOf(fullest)?.refuse(this.#refusal(fullest, nowMs));
  }

  /** Who holds more than half of everything while others are about is told to send less; else there is more than can be done. */
  #refusal(partnerId: string, nowMs: number): HubError {
    const isFlood = this.#isAnotherAbout(partnerId, nowMs) && this.#hasMost(partnerId);
    this.#refused.add(1, isFlood ? FAIR_SHARE : OVERLOADED);
    this.#tell(partnerId, isFlood, nowMs);
    return (isFlood ? UNFAIR : FULL)[this.#refusals++ % RETRY_AFTER_MS.length]!;
  }

  #tell(partnerId: string, isFlood: boolean, nowMs: number): void {
    if (nowMs - this.#toldAtMs < TELL_EVERY_MS) return;
    this.#toldAtMs = nowMs;
    const reason = isFlood ? FAIR_SHARE.reason : OVERLOADED.reason;
    this.#options.telemetry.logger.warn('more comes than can be taken in: requests are refused', {
      reason,
      partnerId,
      limit: this.#places,
      waiting: this.#room.size,
    });
  }

  #see(partnerId: string, atMs: number): void {
    if (this.#latest && this.#latest.partnerId !== partnerId) this.#latestOther = this.#latest;
    this.#latest = { partnerId, atMs };
  }

  #isAnotherAbout(partnerId: string, nowMs: number): boolean {
    const other = this.#latest?.partnerId === partnerId ? this.#latestOther : this.#latest;
    return other !== undefined && nowMs - other.atMs < ABOUT_MS;
  }

  async #lookAtThoseWaiting(): Promise<void> {
    this.#isLooking = true;
    while (this.#room.size > 0) {
      await this.#options.clock.sleep(LOOK_EVERY_MS);
      this.#standstill.look(this.#room.partners());
      this.#letInBehindSlow();
      this.#refuseWhoWaitsInVain(this.#now());
      if (this.#room.size === 0) this.#standingSinceMs = undefined;
    }
    this.#isLooking = false;
  }

  /** A place or two are many where a request takes 5 ms, and few where it waits a second for an engine: that takes no time from the others. */
  #letInBehindSlow(): void {
    for (const partnerId of this.#room.partners()) {
      if (this.#standstill.looksOf(partnerId) < SLOW || this.#total >= this.#places) continue;
      if ((this.#inFlight.get(partnerId) ?? 0) >= this.#mostBesideOthers) continue;
      this.#room.next((waiting) => waiting !== partnerId)?.enter(this.#placeFor(partnerId));
    }
  }

  /** Places that are never given back, because an engine is away, must not keep everybody waiting; those who get on, if slowly, are better served than refused. */
  #refuseWhoWaitsInVain(nowMs: number): void {
    const refuse = (gone: readonly Waiting[]): void => {
      for (const waiting of gone) waiting.refuse(this.#refusal(waiting.partnerId, nowMs));
    };
    refuse(this.#room.removeBefore(nowMs - LONGEST_WAIT_MS));
    refuse(this.#room.removeBefore(nowMs - PATIENCE_MS, (partnerId) => this.#standstill.looksOf(partnerId) >= HANGING));
    refuse(this.#room.removeBeyond(FEW_WAITING, nowMs - PATIENCE_MS));
  }
}

interface Seen {
  readonly partnerId: string;
  readonly atMs: number;
}

/** Made once: taking a stack trace for each would cost as much as all the rest of a refusal. */
const UNFAIR = RETRY_AFTER_MS.map((ms) => new FairShareError(ms));
const FULL = RETRY_AFTER_MS.map((ms) => new OverloadedError(ms));
const FAIR_SHARE = { reason: 'fair-share' };
const OVERLOADED = { reason: 'overloaded' };
