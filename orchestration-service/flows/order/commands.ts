import type { SealedData } from '@sagahub/contracts/events.ts';
import { ConflictError, NotFoundError, ReuseError } from '@sagahub/contracts/errors.ts';
import type { Redriven } from '@sagahub/contracts/messages/hub.ts';
import type { ErpRequestEdited, OrderEvent, OrderResubmitted, ResolvedByHand } from '@sagahub/contracts/messages/order.ts';
import type { Command } from '@sagahub/contracts/saga.ts';
import { endedEvent } from './ending.ts';
import { editRequest, resolveByHand, retry, skipStep } from './operator-commands.ts';
import { assertCurrent, notHalted, orderCompleted, orderEnded } from './refusals.ts';
import type { OrderState } from './state.ts';
import { ERP_CANCEL } from './steps.ts';
import type { Known } from './transitions.ts';

export type OrderCommand =
  /** The partner (or an operator) no longer wants it. Refused only after completion. */
  | { readonly type: 'Cancel'; readonly by: string; readonly reason?: string }
  /** Another round of attempts for a dead letter. */
  | { readonly type: 'Redrive'; readonly by: string; readonly reason: string; readonly deadLetterId: string; readonly redriveId?: string }
  /** An operator gives up on the order, or wants a surplus at the ERP cancelled. */
  | ({ readonly type: 'Compensate'; readonly by: string; readonly reason: string } & Redriven)
  /** Another round for what could not be undone. */
  | ({ readonly type: 'RetryCompensation'; readonly by: string; readonly reason: string } & Redriven)
  /** What could not be undone stays as it is, and what is held for it too: the order ends as `partial`. */
  | { readonly type: 'Abandon'; readonly by: string; readonly reason: string }
  /** Whatever waits for an operator is tried again. */
  | { readonly type: 'Retry'; readonly by: string; readonly reason: string }
  /** Goes on without a step; `erp-cancel`: as `Abandon`. */
  | { readonly type: 'SkipStep'; readonly by: string; readonly reason: string; readonly step: string }
  /** An operator looked at the ERP. */
  | ({ readonly type: 'ResolveByHand' } & ResolvedByHand['data'])
  /** What the ERP is sent instead. `private`: the personal part, sealed anew; absent: unchanged. */
  | ({ readonly type: 'EditRequest'; readonly private?: SealedData } & ErpRequestEdited['data'])
  /** A new order took this ended one's place. */
  | { readonly type: 'Resubmit'; readonly newOrderId: string; readonly fingerprint: string; readonly by: string };

/** @throws ConflictError the state does not allow it; ReuseError resubmitted before, with other content; NotFoundError */
export const decideCommand = (state: OrderState, command: Command): readonly OrderEvent[] => {
  if (state.status === 'none') throw new NotFoundError('the order');
  const wanted = command as unknown as OrderCommand;
  switch (wanted.type) {
    case 'Cancel':
      return cancel(state, wanted);
    case 'Redrive':
      return redrive(state, wanted);
    case 'Compensate':
      return compensate(state, wanted);
    case 'RetryCompensation':
      return retryCompensation(state, wanted);
    case 'Abandon':
      return abandon(state);
    case 'Resubmit':
      return resubmit(state, wanted);
    case 'Retry':
      return retry(state, wanted);
    case 'SkipStep':
      return wanted.step === ERP_CANCEL ? abandon(state) : skipStep(state, wanted);
    case 'ResolveByHand':
      return resolveByHand(state, wanted);
    case 'EditRequest':
      return editRequest(state, wanted);
    default:
      throw new Error(`an order knows no command ${command.type}`);
  }
};

export type Wanted<Type> = Extract<OrderCommand, { type: Type }>;

const cancel = (state: Known, { by, reason }: Wanted<'Cancel'>): readonly OrderEvent[] => {
  switch (state.status) {
    case 'completed':
    case 'surplus':
      throw orderCompleted('cannot be cancelled');
    case 'rejected':
      throw orderEnded('was rejected; there is nothing to cancel');
    case 'compensating':
    case 'halted':
      if (state.end.kind === 'completed') throw orderCompleted('cannot be cancelled');
      return [];
    case 'cancelled':
      return [];
    default:
      return [{ type: 'CancellationRequested', data: { by, ...(reason !== undefined && { reason }) } }];
  }
};

const redrive = (state: Known, { by, reason, deadLetterId, ...wanted }: Wanted<'Redrive'>): readonly OrderEvent[] => {
  assertCurrent(state, deadLetterId);
  return [{ type: 'ErpSubmissionRetried', data: { deadLetterId, by, reason, ...redrivenBy(wanted) } }];
};

const compensate = (state: Known, { by, reason, deadLetterId, ...wanted }: Wanted<'Compensate'>): readonly OrderEvent[] => {
  const data = { by, reason, ...(deadLetterId !== undefined && { deadLetterId }), ...redrivenBy(wanted) };
  switch (state.status) {
    case 'compensating':
      return [];
    case 'halted':
      return [{ type: 'CompensationRetried', data }];
    case 'surplus':
      break;
    default:
      if (deadLetterId !== undefined) assertCurrent(state, deadLetterId);
      if (state.status === 'completed') throw orderCompleted('cannot be undone');
      if (state.status === 'rejected' || state.status === 'cancelled') throw orderEnded(`was ${state.status} and undone already`);
  }
  return [{ type: 'CompensationRequested', data }];
};

const redrivenBy = ({ redriveId }: { readonly redriveId?: string }) => ({ ...(redriveId !== undefined && { redriveId }) });

const retryCompensation = (state: Known, { by, reason, deadLetterId, ...wanted }: Wanted<'RetryCompensation'>): readonly OrderEvent[] => {
  if (state.status === 'compensating') return [];
  if (state.status !== 'halted') throw notHalted();
  const data = { by, reason, ...(deadLetterId !== undefined && { deadLetterId }), ...redrivenBy(wanted) };
  return [{ type: 'CompensationRetried', data }];
};

const abandon = (state: Known): readonly OrderEvent[] => {
  if (state.status !== 'halted') throw notHalted();
  if (state.end.kind === 'completed')
    throw orderCompleted('has a surplus at the ERP: cancel that there by hand, then retry the compensation, which will find it done');
  return [endedEvent(state, 'partial')];
};

const resubmit = (state: Known, wanted: Wanted<'Resubmit'>): readonly OrderEvent[] => {
  const { newOrderId, fingerprint, by } = wanted;
  const { status, order } = state;
  if (order.resubmission) {
    if (isSame(order.resubmission, wanted)) return [];
    const detail = `the order was resubmitted before, as ${order.resubmission.newOrderId} with other content; post changes under a new order number`;
    throw new ReuseError('HUB_ORDER_RESUBMITTED', detail, { orderId: order.resubmission.newOrderId });
  }
  if (status === 'completed' || status === 'surplus') throw orderCompleted('cannot be resubmitted');
  if (!('compensation' in state))
    throw new ConflictError('HUB_ORDER_NOT_ENDED', 'the order has not ended; cancel it first, or wait until it has');
  if (state.compensation === 'partial')
    throw new ConflictError('HUB_ORDER_NOT_UNDONE', 'the order could be undone only in part; a second one could double what was left');
  return [{ type: 'OrderResubmitted', data: { newOrderId, fingerprint, by } }];
};

const isSame = (before: OrderResubmitted['data'], wanted: Wanted<'Resubmit'>): boolean =>
  before.newOrderId === wanted.newOrderId && before.fingerprint === wanted.fingerprint;
