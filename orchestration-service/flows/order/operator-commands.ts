/** What operators do about an order by hand. Each says why, and is an event with who did it. */
import { ConflictError, type Fault, ValidationError } from '@sagahub/contracts/errors.ts';
import type { ErpItem, OrderEvent } from '@sagahub/contracts/messages/order.ts';
import { subtotalOf } from '@sagahub/contracts/money.ts';
import { effectOf } from '../effect/effect.ts';
import type { Wanted } from './commands.ts';
import { assertCurrent } from './refusals.ts';
import type { Known } from './transitions.ts';

export const retry = (state: Known, { by, reason }: Wanted<'Retry'>): readonly OrderEvent[] => {
  switch (state.status) {
    case 'stuck':
      return [{ type: 'ErpSubmissionRetried', data: { deadLetterId: state.deadLetterId, by, reason } }];
    case 'halted':
      return [{ type: 'CompensationRetried', data: { by, reason } }];
    case 'surplus':
      return [{ type: 'CompensationRequested', data: { by, reason } }];
    default:
      throw new ConflictError(
        'HUB_NOTHING_TO_RETRY',
        'the order is not stuck: it goes on by itself or has ended; it may have been retried meanwhile',
      );
  }
};

export const skipStep = (state: Known, { by, reason, step }: Wanted<'SkipStep'>): readonly OrderEvent[] => {
  const current = state.status === 'received' ? openStep(state) : undefined;
  if (current === step) return [{ type: 'StepSkipped', data: { step: current, by, reason } }];
  const advice =
    current === undefined
      ? 'the order is past its local steps: retry it, resolve it by hand, or compensate it'
      : `the order is at the step ${current}`;
  throw new ConflictError('HUB_STEP_NOT_SKIPPABLE', `${step} cannot be skipped: ${advice}`, { ...(current && { step: current }) });
};

/** The local step that an order is at. */
const openStep = ({ order }: Extract<Known, { status: 'received' }>): 'stock' | 'discount' | undefined =>
  order.stock.is === 'open' ? 'stock' : order.discount.is === 'open' ? 'discount' : undefined;

/** Recorded as the ERP's own answer would be: an order that is wanted completes, one that is being undone goes on with that. */
export const resolveByHand = (state: Known, { erp: is, erpRef, by, reason }: Wanted<'ResolveByHand'>): readonly OrderEvent[] => {
  const { erp } = state.order;
  if (!erp) throw notResolvable('nothing of it was to be sent to the ERP yet');
  const resolved: OrderEvent = { type: 'ResolvedByHand', data: { erp: is, ...(erpRef !== undefined && { erpRef }), by, reason } };
  if (is === 'live') {
    if (erpRef === undefined)
      throw new ValidationError([
        { pointer: '#/erpRef', code: 'required', detail: 'is required with live: the number the order has at the ERP' },
      ]);
    if (state.status === 'completed' || state.status === 'surplus') throw notResolvable('the order is completed');
    if (effectOf(erp, erpRef)?.reported) throw notResolvable(`${erpRef} is known already`);
    return [resolved, { type: 'OrderSentToErp', data: { erpRef, attempt: Math.max(1, erp.attempt, erp.answered), alreadyThere: true } }];
  }
  if (state.status === 'stuck') {
    if (is === 'absent') return [resolved];
    throw notResolvable('what was cancelled there is not made again by a redrive: compensate the order');
  }
  if (state.status !== 'compensating' && state.status !== 'halted') throw notResolvable(`the order is ${state.status}`);
  const unknownLeft = erpRef === undefined && erp.effects.some(({ live }) => live);
  if (unknownLeft) throw notResolvable(`name which of these is gone: ${erp.effects.map((effect) => effect.reference).join(', ')}`);
  return [resolved, { type: 'ErpOrderCancelled', data: { ...(erpRef !== undefined && { erpRef }), proof: 'by-hand' } }];
};

const notResolvable = (why: string): ConflictError => new ConflictError('HUB_NOT_RESOLVABLE', `it cannot be resolved so: ${why}`);

/** Who ordered what for how much stays; customer number, SKUs, and how a line's amount is put together may be corrected. */
export const editRequest = (
  state: Known,
  { type: _type, private: sealed, deadLetterId, diff, customerId, items, by, reason }: Wanted<'EditRequest'>,
): readonly OrderEvent[] => {
  assertCurrent(state, deadLetterId);
  const { received } = state.order;
  const faults: Fault[] = [];
  const isSameLines =
    items.length === received.lines.length && items.every(({ lineNumber }, at) => lineNumber === received.lines[at]?.lineNumber);
  if (!isSameLines) faults.push({ pointer: '#/changes', code: 'lines-changed', detail: 'must leave every line where it is' });
  else if (sum(items, received.currency) !== received.subtotal)
    faults.push({ pointer: '#/changes', code: 'total-changed', detail: `must leave the sum of the lines at ${received.subtotal}` });
  if (faults.length > 0) throw new ValidationError(faults);
  const data = { deadLetterId, diff, customerId, items, by, reason };
  return [{ type: 'ErpRequestEdited', data, ...(sealed && { private: sealed }) }];
};

const sum = (items: readonly ErpItem[], currency: string): string => subtotalOf(items, currency);
