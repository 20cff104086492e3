import type { JsonObject } from '../json.ts';

/** What could not be done and waits for an operator: a document of the read model, projected from the log. */
export interface DeadLetter {
  readonly deadLetterId: string;
  /** `surplus`: a completed order that the third party made once more. */
  readonly origin: 'erp' | 'step' | 'compensation' | 'surplus';
  readonly flow: string;
  readonly stream: string;
  /** The order's id. */
  readonly objectId: string;
  readonly orderNumber?: string;
  readonly partnerId: string;
  readonly reason: string;
  readonly status?: number;
  readonly attempts: number;
  /** ISO 8601. */
  readonly failedAt: string;
  readonly state: 'open' | 'redriven' | 'discarded' | 'resolved';
  readonly resolvedAt?: string;
  readonly resolvedBy?: string;
  readonly resolution?: string;
  /** What was to be sent, without personal data. */
  readonly payload: JsonObject;
}
/** Collection of the DocumentStore. */
export const DEAD_LETTERS = 'dead-letters';
