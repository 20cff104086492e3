import type { JsonObject } from '@sagahub/contracts/json.ts';
import type { AttemptRound, CallReport, ExternalCall } from '@sagahub/contracts/saga.ts';
import { type EffectStep, effectOf } from './effect.ts';
import type { Cancellation } from './undoing.ts';

export type Call = Pick<ExternalCall, 'step' | 'operation' | 'attempt'>;

/** What a report is about. */
export interface Reported {
  readonly effect: EffectStep;
  /** The object still wants what the effect's attempt is to do. */
  readonly wantsSubmit: boolean;
  /** Of an object that is being undone. */
  readonly cancellation: Cancellation | undefined;
}

interface Reason {
  readonly reason: string;
  readonly status?: number;
}
interface NextAttempt extends Reason {
  readonly attempt: number;
  readonly nextAt: string;
  readonly round?: AttemptRound;
}

/** How a flow says what came of a call. */
export interface EffectEvents<Event> {
  started(data: { readonly attempt: number }): Event;
  succeeded(data: {
    readonly reference: string;
    readonly attempt: number;
    readonly alreadyThere: boolean;
    readonly detail?: JsonObject;
  }): Event;
  refused(data: Reason & { readonly attempt: number; readonly detail?: JsonObject }): Event;
  failed(data: NextAttempt & { readonly certainty: 'not-done' | 'unknown' }): Event;
  exhausted(data: Reason & { readonly deadLetterId: string; readonly attempts: number; readonly inDoubt: boolean }): Event;
  cancelled(data: { readonly reference?: string; readonly proof: 'cancelled' | 'absent' }): Event;
  cancelFailed(data: NextAttempt): Event;
  halted(data: { readonly step: string; readonly reason: string }): Event;
}

/** The events that state what came of a call. Empty when it is recorded already, or when a later attempt made it meaningless. */
export const reportEvents = <Event>(reported: Reported, call: Call, report: CallReport, events: EffectEvents<Event>): readonly Event[] =>
  call.operation === 'submit' ? submitReported(reported, call, report, events) : cancelReported(reported, call, report, events);

const submitReported = <Event>(
  { effect, wantsSubmit }: Reported,
  { attempt }: Call,
  report: CallReport,
  events: EffectEvents<Event>,
): readonly Event[] => {
  if (report.kind === 'succeeded') {
    const { reference, alreadyThere } = report;
    return effectOf(effect, reference)?.reported ? [] : [events.succeeded({ reference, attempt, alreadyThere, ...detailOf(report) })];
  }
  if (attempt <= effect.answered) return [];
  switch (report.kind) {
    case 'started':
      // Starting is no fact but a decision: it needs an object that still wants this attempt.
      return wantsSubmit && effect.attempt === attempt && effect.doubt?.attempt !== attempt ? [events.started({ attempt })] : [];
    case 'refused':
      return [events.refused({ attempt, ...reasonOf(report), ...detailOf(report) })];
    case 'failed':
      return [events.failed({ attempt, certainty: report.certainty, ...nextOf(report) })];
    case 'exhausted': {
      // Nobody has to decide about a submission that is not wanted any more: its cancellation settles what it may have done.
      const { deadLetterId, inDoubt } = report;
      return wantsSubmit ? [events.exhausted({ deadLetterId, attempts: attempt, ...reasonOf(report), inDoubt })] : [];
    }
    default:
      return [];
  }
};

const cancelReported = <Event>(
  { effect, cancellation }: Reported,
  { attempt, step }: Call,
  report: CallReport,
  events: EffectEvents<Event>,
): readonly Event[] => {
  if (report.kind === 'cancelled') {
    const { reference } = report;
    return effectOf(effect, reference)?.live === false ? [] : [events.cancelled({ reference, proof: 'cancelled' })];
  }
  if (!cancellation || attempt !== effect.cancelAttempt) return [];
  switch (report.kind) {
    case 'absent': {
      const { reference } = cancellation;
      return [events.cancelled({ ...(reference !== undefined && { reference }), proof: 'absent' })];
    }
    case 'failed':
      return [events.cancelFailed({ attempt, ...nextOf(report) })];
    case 'refused':
    case 'exhausted':
      return [events.halted({ step, reason: report.reason })];
    default:
      return [];
  }
};

const nextOf = (report: Extract<CallReport, { kind: 'failed' }>) => ({
  ...reasonOf(report),
  nextAt: new Date(report.nextAtMs).toISOString(),
  ...(report.round && { round: report.round }),
});

const reasonOf = ({ reason, status }: Reason): Reason => ({ reason, ...(status !== undefined && { status }) });

const detailOf = ({ detail }: CallReport) => ({ ...(detail && { detail }) });
