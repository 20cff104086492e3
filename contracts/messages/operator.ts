import type { EventBody } from '../events.ts';

/** The events of operators' acts: stream `operator-<actId>`, one for each request that may change something. */
export const OPERATOR = 'operator';
export const operatorStream = (actId: string): string => `${OPERATOR}-${actId}`;

/** Recorded before the act is carried out: nothing an operator does goes unrecorded, whatever happens afterwards. */
export type OperatorActed = EventBody<
  'OperatorActed',
  {
    readonly actId: string;
    /** `client:<id>` */
    readonly by: string;
    /** The operator's own. */
    readonly partnerId: string;
    /** Name of the operation in the API's description, e.g. `suspendPartner`. */
    readonly action: string;
    readonly method: string;
    /** Without its query. */
    readonly path: string;
    /** What was acted on, as the path names it, e.g. `partners/acme`; the collection where it is only being made. */
    readonly object: string;
    /** Where the route asks for one. */
    readonly reason?: string;
    /** Where the request came from. */
    readonly remoteAddress: string;
    readonly requestId: string;
  }
>;
/** What came of it. Absent: the process died in the middle of it, or could not record it; the events of the object tell. */
export type OperatorActEnded = EventBody<
  'OperatorActEnded',
  {
    readonly actId: string;
    readonly outcome: 'done' | 'refused';
    /** Of the problem. */
    readonly code?: string;
    /** What was made, as its `Location` names it. */
    readonly object?: string;
  }
>;
export type OperatorEvent = OperatorActed | OperatorActEnded;

/** An act as the read model shows it. */
export type OperatorAct = OperatorActed['data'] & {
  /** ISO 8601. */
  readonly at: string;
  readonly correlationId: string;
  readonly outcome: 'done' | 'refused' | 'unknown';
  readonly code?: string;
  readonly endedAt?: string;
};
/** Collection of the DocumentStore. */
export const OPERATOR_ACTS = 'operator-acts';
