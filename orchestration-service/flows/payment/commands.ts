import { ConflictError, NotFoundError } from '@sagahub/contracts/errors.ts';
import type { Redriven } from '@sagahub/contracts/messages/hub.ts';
import type { PaymentEvent, ResolvedByHand } from '@sagahub/contracts/messages/payment.ts';
import type { Command } from '@sagahub/contracts/saga.ts';
import { abandon, resolveByHand, retry } from './operator-commands.ts';
import type { Known, PaymentState } from './state.ts';
import { assertCurrent, notHalted, paymentEnded } from './refusals.ts';
import { REVERSE } from './steps.ts';

export type PaymentCommand =
  /** The partner no longer wants it. Refused once the processor has decided. */
  | { readonly type: 'Cancel'; readonly by: string; readonly reason?: string }
  /** The money goes back. Only of what was approved. */
  | { readonly type: 'Refund'; readonly by: string; readonly reason?: string }
  /** Another round of attempts for a dead letter. */
  | { readonly type: 'Redrive'; readonly by: string; readonly reason: string; readonly deadLetterId: string; readonly redriveId?: string }
  /** An operator gives up on the payment. */
  | ({ readonly type: 'Compensate'; readonly by: string; readonly reason: string } & Redriven)
  /** Another round for what could not be taken back. */
  | ({ readonly type: 'RetryCompensation'; readonly by: string; readonly reason: string } & Redriven)
  /** What could not be taken back stands: the payment is approved. */
  | { readonly type: 'Abandon'; readonly by: string; readonly reason: string }
  /** Whatever waits for an operator is tried again. */
  | { readonly type: 'Retry'; readonly by: string; readonly reason: string }
  /** `reverse`: as `Abandon`. A payment has no other step that it could do without. */
  | { readonly type: 'SkipStep'; readonly by: string; readonly reason: string; readonly step: string }
  /** An operator looked at the processor. */
  | ({ readonly type: 'ResolveByHand' } & ResolvedByHand['data']);

export type Wanted<Type> = Extract<PaymentCommand, { type: Type }>;

/** @throws ConflictError the state does not allow it; NotFoundError */
export const decideCommand = (state: PaymentState, command: Command): readonly PaymentEvent[] => {
  if (state.status === 'none') throw new NotFoundError('the payment');
  const wanted = command as unknown as PaymentCommand;
  switch (wanted.type) {
    case 'Cancel':
      return cancel(state, wanted);
    case 'Refund':
      return refund(state, wanted);
    case 'Redrive':
      return redrive(state, wanted);
    case 'Compensate':
      return compensate(state, wanted);
    case 'RetryCompensation':
      return retryCompensation(state, wanted);
    case 'Abandon':
      return abandon(state, wanted);
    case 'Retry':
      return retry(state, wanted);
    case 'SkipStep':
      if (wanted.step === REVERSE) return abandon(state, { ...wanted, type: 'Abandon' });
      throw new ConflictError('HUB_STEP_NOT_SKIPPABLE', `${wanted.step} cannot be skipped: retry it, resolve it by hand, or compensate it`);
    case 'ResolveByHand':
      return resolveByHand(state, wanted);
    default:
      throw new Error(`a payment knows no command ${command.type}`);
  }
};

const cancel = (state: Known, { by, reason }: Wanted<'Cancel'>): readonly PaymentEvent[] => {
  switch (state.status) {
    case 'received':
    case 'authorizing':
    case 'stuck':
      return [{ type: 'CancellationRequested', data: { by, ...reasonOf(reason) } }];
    case 'approved':
      throw approvedAlready();
    default: {
      const { kind } = state.end;
      if (kind === 'cancelled') return [];
      if (kind === 'approved') throw approvedAlready();
      throw paymentEnded(WAS[kind], 'there is nothing to cancel');
    }
  }
};

const WAS = { declined: 'was declined', expired: 'has expired', cancelled: 'was cancelled', refunded: 'is refunded' } as const;

const approvedAlready = () => new ConflictError('HUB_PAYMENT_APPROVED', 'the payment is approved and cannot be cancelled: refund it');

const refund = (state: Known, { by, reason }: Wanted<'Refund'>): readonly PaymentEvent[] => {
  switch (state.status) {
    case 'approved':
      break;
    case 'received':
    case 'authorizing':
    case 'stuck':
      throw new ConflictError('HUB_PAYMENT_NOT_APPROVED', 'the payment is not approved, so there is nothing to refund: cancel it');
    default: {
      const { kind } = state.end;
      if (kind === 'refunded') return [];
      if (kind !== 'approved') throw paymentEnded(WAS[kind], 'there is nothing to refund');
    }
  }
  return [{ type: 'RefundRequested', data: { by, ...reasonOf(reason) } }];
};

const reasonOf = (reason: string | undefined) => ({ ...(reason !== undefined && { reason }) });

const redrive = (state: Known, { by, reason, deadLetterId, ...wanted }: Wanted<'Redrive'>): readonly PaymentEvent[] => {
  assertCurrent(state, deadLetterId);
  return [{ type: 'AuthorizationRetried', data: { deadLetterId, by, reason, ...redrivenBy(wanted) } }];
};

const compensate = (state: Known, { by, reason, deadLetterId, ...wanted }: Wanted<'Compensate'>): readonly PaymentEvent[] => {
  const data = { by, reason, ...(deadLetterId !== undefined && { deadLetterId }), ...redrivenBy(wanted) };
  switch (state.status) {
    case 'reversing':
      return [];
    case 'halted':
      return [{ type: 'CompensationRetried', data }];
    default:
      if (deadLetterId !== undefined) assertCurrent(state, deadLetterId);
      if (state.status === 'approved') throw approvedAlready();
      if (state.status === 'ended') throw paymentEnded(WAS[state.end.kind], 'there is nothing left to undo');
  }
  return [{ type: 'CompensationRequested', data }];
};

const retryCompensation = (state: Known, { by, reason, deadLetterId, ...wanted }: Wanted<'RetryCompensation'>): readonly PaymentEvent[] => {
  if (state.status === 'reversing') return [];
  if (state.status !== 'halted') throw notHalted();
  const data = { by, reason, ...(deadLetterId !== undefined && { deadLetterId }), ...redrivenBy(wanted) };
  return [{ type: 'CompensationRetried', data }];
};

const redrivenBy = ({ redriveId }: { readonly redriveId?: string }) => ({ ...(redriveId !== undefined && { redriveId }) });
