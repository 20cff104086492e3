import type { CancelOutcome, Connector, Delivery, Found, LookupOutcome, SubmitOutcome } from '@sagahub/contracts/ports/connector.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';

/** What the third party does with one submit. */
export type AwkwardAct =
  /** Does it and answers. */
  | { readonly act: 'done' }
  | { readonly act: 'refused' }
  | { readonly act: 'misconfigured' }
  /** Says honestly that it did nothing. */
  | { readonly act: 'unavailable' }
  /** Does it, and the answer is lost. */
  | { readonly act: 'lost' }
  /** Answers nothing, and does it later, if ever. */
  | { readonly act: 'late'; readonly afterMs: number }
  /** Takes it, and decides when it is asked and another act comes. */
  | { readonly act: 'pending'; readonly retryAfterMs?: number; readonly anonymous?: true }
  | { readonly act: 'never' }
  | { readonly act: 'throws' };

export interface AwkwardOptions {
  readonly name: string;
  readonly duplicates: Connector['duplicates'];
  readonly lookup: Connector['lookupDelay'];
  /** Until an order shows in look-ups. */
  readonly lookupDelayMs: number;
  readonly settleMs: number;
  readonly timeoutMs: number;
}

interface Effect {
  readonly objectId: string;
  readonly reference: string;
  readonly madeAtMs: number;
  live: boolean;
  /** Of what was pending. A decision stands. */
  decision?: 'done' | 'refused';
}

/**
 * A third party in memory that is as awkward as they come: it makes a second order of the same id where duplicates are possible, shows
 * orders late, does things after nobody waits any more. Each submit does what `nextAct` says; look-ups fail when `nextLookupFails`.
 */
export class AwkwardConnector implements Connector {
  readonly name: string;
  readonly duplicates: Connector['duplicates'];
  readonly lookupDelay: Connector['lookupDelay'];
  readonly settleMs: number;
  readonly timeoutMs: number;
  readonly effects: Effect[] = [];
  readonly calls: string[] = [];
  nextAct: (objectId: string | undefined) => AwkwardAct = () => ({ act: 'done' });
  nextLookupFails: () => boolean = () => false;
  reachable = true;
  readonly #lookupDelayMs: number;
  readonly #clock: Clock;

  constructor(options: AwkwardOptions, clock: Clock) {
    this.name = options.name;
    this.duplicates = options.duplicates;
    this.lookupDelay = options.lookup;
    this.settleMs = options.settleMs;
    this.timeoutMs = options.timeoutMs;
    this.#lookupDelayMs = options.lookupDelayMs;
    this.#clock = clock;
  }

  live(objectId: string): readonly Effect[] {
    return this.effects.filter((effect) => effect.objectId === objectId && effect.live);
  }

  async submit({ objectId, reference, signal }: Delivery): Promise<SubmitOutcome> {
    this.calls.push(reference === undefined ? 'submit' : 'ask');
    const outcome = reference === undefined ? this.#submit(objectId) : this.#ask(reference);
    if (outcome) return outcome;
    await this.#clock.sleep(this.timeoutMs, signal);
    return { kind: 'unknown', reason: 'no answer' };
  }

  lookup({ objectId }: Delivery): Promise<LookupOutcome> {
    this.calls.push('lookup');
    if (!this.reachable || this.nextLookupFails()) return Promise.resolve({ kind: 'transient', reason: 'busy' });
    const visibleUntilMs = this.#clock.now() - this.#lookupDelayMs;
    const orders: Found[] = this.effects
      .filter((effect) => effect.objectId === objectId && effect.madeAtMs <= visibleUntilMs)
      .map(({ reference, live }) => ({ reference, live }));
    return Promise.resolve({ kind: 'found', orders });
  }

  cancel({ reference }: Delivery & { readonly reference: string }): Promise<CancelOutcome> {
    this.calls.push('cancel');
    if (!this.reachable) return Promise.resolve({ kind: 'transient', reason: 'busy' });
    const effect = this.effects.find((made) => made.reference === reference);
    if (effect) effect.live = false;
    return Promise.resolve({ kind: 'done' });
  }

  probe(): Promise<{ ok: boolean; detail: string }> {
    return Promise.resolve({ ok: this.reachable, detail: this.reachable ? 'there' : 'busy' });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  /** Undefined: it never answers. */
  #submit(objectId: string): SubmitOutcome | undefined {
    if (!this.reachable) return { kind: 'transient', reason: 'busy', status: 503 };
    const next = this.nextAct(objectId);
    switch (next.act) {
      case 'done': {
        const { reference, alreadyThere } = this.#make(objectId);
        return { kind: 'done', reference, alreadyThere };
      }
      case 'lost':
        this.#make(objectId);
        return { kind: 'unknown', reason: 'the connection broke' };
      case 'late':
        void this.#clock.sleep(next.afterMs).then(() => this.#make(objectId));
        return undefined;
      case 'never':
        return undefined;
      case 'throws':
        this.#make(objectId);
        throw new Error('the connector has a bug');
      case 'unavailable':
        return { kind: 'transient', reason: 'busy', status: 503 };
      case 'pending': {
        const { reference } = this.#make(objectId);
        return pendingOutcome(next, reference);
      }
      default:
        return { kind: next.act, reason: next.act };
    }
  }

  /** What it has decided of something that it took. */
  #ask(reference: string): SubmitOutcome | undefined {
    if (!this.reachable) return { kind: 'transient', reason: 'busy', status: 503 };
    const effect = this.effects.find((made) => made.reference === reference);
    const next: AwkwardAct = effect?.decision ? { act: effect.decision } : this.nextAct(effect?.objectId);
    if (effect && (next.act === 'done' || next.act === 'refused')) effect.decision = next.act;
    switch (next.act) {
      case 'done':
        return { kind: 'done', reference, alreadyThere: true };
      case 'pending':
        return pendingOutcome(next, reference);
      case 'refused':
        if (effect) effect.live = false;
        return { kind: 'refused', reason: 'refused' };
      case 'misconfigured':
        return { kind: 'misconfigured', reason: 'misconfigured' };
      case 'unavailable':
        return { kind: 'transient', reason: 'busy', status: 503 };
      case 'never':
        return undefined;
      default:
        return { kind: 'unknown', reason: 'the connection broke' };
    }
  }

  #make(objectId: string): { reference: string; alreadyThere: boolean } {
    const existing = this.effects.find((effect) => effect.objectId === objectId);
    if (existing && this.duplicates === 'refused') return { reference: existing.reference, alreadyThere: true };
    const reference = `A-${this.effects.length + 1}`;
    this.effects.push({ objectId, reference, madeAtMs: this.#clock.now(), live: true });
    return { reference, alreadyThere: false };
  }
}

const pendingOutcome = ({ retryAfterMs, anonymous }: Extract<AwkwardAct, { act: 'pending' }>, reference: string): SubmitOutcome => ({
  kind: 'pending',
  ...(!anonymous && { reference }),
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});
