import type { JsonObject } from '../json.ts';

/** One object for a third party, as its flow shaped it, with its personal part opened (absent: erased). */
export interface Delivery {
  readonly objectId: string;
  readonly partnerId: string;
  readonly attempt: number;
  /** The third party's own reference, when known. To a submit: it has it and decides later, so it is asked, not told again. */
  readonly reference?: string;
  readonly request: JsonObject;
  readonly personal: JsonObject | undefined;
  readonly correlationId: string;
  readonly traceparent: string | undefined;
  /** Aborted at the connector's timeout and when the hub stops. */
  readonly signal: AbortSignal;
}

export type SubmitOutcome =
  | { readonly kind: 'done'; readonly reference: string; readonly alreadyThere: boolean; readonly status?: number }
  /** For good: repeating it unchanged is pointless. */
  | { readonly kind: 'refused'; readonly reason: string; readonly status?: number }
  /**
   * It has it and decides later: it is asked again (a submit with the reference; without one the same submit) after `retryAfterMs`, or when
   * the hub thinks it time. No failure, and no attempt is spent.
   */
  | { readonly kind: 'pending'; readonly reference?: string; readonly retryAfterMs?: number }
  /** Try again. Not done, unless `mayBeDone`: an answer (such as a 500) that does not say how far it got. */
  | {
      readonly kind: 'transient';
      readonly reason: string;
      readonly status?: number;
      readonly retryAfterMs?: number;
      readonly mayBeDone?: true;
    }
  /** It may have been done: no answer, or one that cannot be read. */
  | { readonly kind: 'unknown'; readonly reason: string; readonly status?: number }
  /** Our configuration or their fault, not the order's: the breaker opens at once and names it; no attempt is spent. */
  | { readonly kind: 'misconfigured'; readonly reason: string; readonly status?: number };

/** What any call may come to, whatever was asked. */
export type CallTrouble = Extract<SubmitOutcome, { kind: 'transient' | 'unknown' | 'misconfigured' }>;

export interface Found {
  readonly reference: string;
  /** Still in force, i.e. not cancelled. */
  readonly live: boolean;
}

export type LookupOutcome = { readonly kind: 'found'; readonly orders: readonly Found[] } | CallTrouble;
export type CancelOutcome = { readonly kind: 'done' } | Extract<SubmitOutcome, { kind: 'refused' }> | CallTrouble;

/**
 * A third party behind `outbound-service`. Adapters of this port never throw for an answer they did get; what they throw counts as
 * `unknown`.
 */
export interface Connector extends AsyncDisposable {
  readonly name: string;
  /** Does a second submit of the same object make a second one there? */
  readonly duplicates: 'refused' | 'possible';
  /** How soon after it was done a look-up shows it. */
  readonly lookupDelay: 'immediate' | 'delayed' | 'none';
  /** "None found" is proof only this long after the attempt ended. */
  readonly settleMs: number;
  readonly timeoutMs: number;
  submit(delivery: Delivery): Promise<SubmitOutcome>;
  lookup(delivery: Delivery): Promise<LookupOutcome>;
  cancel(delivery: Delivery & { readonly reference: string }): Promise<CancelOutcome>;
  /** Reaches it with the configured credentials and changes nothing. Used by `sagahub doctor` and by half-open probes where it helps. */
  probe(signal: AbortSignal): Promise<{ readonly ok: boolean; readonly detail: string }>;
}
