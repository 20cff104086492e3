import type { Answer } from '@sagahub/hub/harness/api-client.ts';

/** What recoveries are reported by. */
export const KINDS = [
  'process killed',
  'process frozen',
  'clock set',
  'engine killed',
  'engine restarted',
  'engine frozen',
  'engine emptied',
  'disk full',
  'connections broken',
  'connections silent',
  'connections slow',
  'ERP misbehaves',
] as const;
export type FaultKind = (typeof KINDS)[number];

/** Something that is broken for a while. */
export interface Fault {
  /** e.g. `outbound-service 2 killed`. */
  readonly name: string;
  readonly kind: FaultKind;
  /** Two faults of the same thing are not drawn into one round. */
  readonly target: string;
  /** How long after the round began, and how long from beginning to end. */
  readonly startsAfterMs: number;
  readonly lastsMs: number;
  readonly begin: () => Promise<void>;
  /** Makes whole what can be. Others go on before: where there are replicas, it counts from the beginning how long they take. */
  readonly end: () => Promise<void>;
  /** Answers that are right while it lasts, beside 503 that says to try again. */
  readonly excuses?: (answer: Answer) => boolean;
}

/** Others take over while it is gone. */
export const isSurvivable = ({ kind }: Fault): boolean => kind === 'process killed';
