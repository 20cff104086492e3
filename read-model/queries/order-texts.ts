import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { RequestChange } from '@sagahub/contracts/messages/order.ts';
import type { KnownEvent } from '../projections/order-change.ts';
import { because, describeEngineEvent, withStatus } from './event-texts.ts';
import type { Description } from './flow-view.ts';
import type { Stopwatch } from './stopwatch.ts';

export const describeOrderEvent = (event: RecordedEvent): Description => describe(event as unknown as KnownEvent);

/** Order, ERP, attempts, undoing and being stuck are measured. */
export const measureOrder = (recorded: RecordedEvent, watch: Stopwatch): number | undefined => {
  const at = recorded.metadata.time;
  const event = recorded as unknown as KnownEvent;
  switch (event.type) {
    case 'OrderReceived':
      return watch.begin('order', at);
    case 'ErpSubmissionRequested':
      watch.begin('attempt', at);
      return watch.begin('erp', at);
    case 'ErpAttemptStarted':
    case 'ErpSubmissionRetried':
      watch.begin('attempt', at);
      return event.type === 'ErpSubmissionRetried' ? watch.end('stuck', at) : undefined;
    case 'ErpAttemptFailed':
      return watch.restart('attempt', at, event.data.nextAt);
    case 'ErpSubmissionRefused':
      return watch.end('attempt', at);
    case 'ErpSubmissionFailed':
      watch.begin('stuck', at);
      return watch.end('erp', at, false);
    case 'OrderSentToErp':
      return watch.end('erp', at);
    case 'CancellationRequested':
    case 'CompensationRequested':
    case 'ErpDeadlineExceeded':
      return watch.begin('undoing', at);
    case 'ErpCancellationRequested':
      return watch.begin('attempt', at);
    case 'ErpCancellationAttemptFailed':
      return watch.restart('attempt', at, event.data.nextAt);
    case 'ErpOrderCancelled':
      return watch.end('attempt', at);
    case 'OrderCompleted':
      return watch.end('order', at, false);
    case 'OrderRejected':
    case 'OrderCancelled':
      return watch.end('undoing', at) ?? watch.end('order', at, false);
    default:
      return undefined;
  }
};

const describe = (event: KnownEvent): Description => {
  switch (event.type) {
    case 'OrderReceived': {
      const { orderNumber, lines, subtotal, currency, channel, resubmissionOf } = event.data;
      const replaced = resubmissionOf === undefined ? '' : `, in place of ${resubmissionOf}`;
      const detail = `${orderNumber}: ${count(lines.length, 'line')}, ${subtotal} ${currency}, over ${channel}${replaced}`;
      return { area: 'intake', title: 'Order received', detail };
    }
    case 'StockReserved':
      return {
        area: 'inventory',
        title: 'Stock reserved',
        detail: listed(event.data.items.map(({ sku, quantity }) => `${quantity} × ${sku}`)),
      };
    case 'StockRejected': {
      const shortages = event.data.shortages.map(
        ({ sku, requested, available }) => `${sku}: ${requested} asked, ${available ?? 'unknown'} free`,
      );
      return { area: 'inventory', title: 'Stock is short', detail: listed(shortages) };
    }
    case 'DiscountApplied':
      return {
        area: 'inventory',
        title: 'Discount applied',
        detail: `${event.data.code}: ${event.data.percent} %, ${event.data.amount} off`,
      };
    case 'DiscountRejected':
      return { area: 'inventory', title: 'Discount refused', detail: `${event.data.code}: ${event.data.reason}` };
    case 'OrderValidated':
      return {
        area: 'intake',
        title: 'Order checked',
        detail: `total ${event.data.total} (${event.data.subtotal} less ${event.data.discount})`,
      };
    case 'StockReleased':
      return {
        area: 'inventory',
        title: 'Stock given back',
        detail: listed(event.data.items.map(({ sku, quantity }) => `${quantity} × ${sku}`)),
      };
    case 'DiscountReleased':
      return { area: 'inventory', title: 'Discount given back', detail: event.data.code };
    case 'CancellationRequested':
      return { area: 'cancellation', title: 'Cancellation requested', detail: because(event.data.by, event.data.reason) };
    case 'CompensationRequested':
      return { area: 'operator', title: 'Order given up', detail: because(event.data.by, event.data.reason) };
    case 'CompensationFailed':
      return { area: 'cancellation', title: 'Undoing failed', detail: `${event.data.step}: ${event.data.reason}` };
    case 'CompensationRetried':
      return { area: 'operator', title: 'Undoing tried again', detail: because(event.data.by, event.data.reason) };
    case 'StepSkipped':
      return { area: 'operator', title: 'Step skipped', detail: `${event.data.step}, ${because(event.data.by, event.data.reason)}` };
    case 'ResolvedByHand': {
      const { erp, erpRef = '', by, reason } = event.data;
      return { area: 'operator', title: 'Resolved by hand', detail: `at the ERP: ${`${erp} ${erpRef}`.trim()}, ${because(by, reason)}` };
    }
    case 'ErpRequestEdited': {
      const { diff, by, reason } = event.data;
      return { area: 'operator', title: 'What is sent was edited', detail: `${listed(diff.map(changeText))}, ${because(by, reason)}` };
    }
    case 'OrderCompleted':
      return { area: 'outcome', title: 'Order completed', detail: `${event.data.erpRef}, total ${event.data.total}` };
    case 'OrderRejected':
      return { area: 'outcome', title: 'Order rejected', detail: ending(event.data.reason, event.data.detail, event.data.compensation) };
    case 'OrderCancelled':
      return { area: 'outcome', title: 'Order cancelled', detail: ending(event.data.reason, undefined, event.data.compensation) };
    case 'OrderResubmitted':
      return { area: 'intake', title: 'Order resubmitted', detail: `as ${event.data.newOrderId}` };
    default:
      return describeErp(event);
  }
};

const describeErp = (event: KnownEvent): Description => {
  switch (event.type) {
    case 'ErpSubmissionRequested':
      return { area: 'erp', title: 'To be sent to the ERP', detail: event.data.connector };
    case 'ErpAttemptStarted':
      return { area: 'erp', title: 'ERP called', attempt: event.data.attempt };
    case 'ErpAttemptFailed': {
      const { attempt, certainty, reason, status, nextAt } = event.data;
      const doubt = certainty === 'unknown' ? '; it may have been done' : '';
      return { area: 'erp', title: 'ERP did not take it', detail: `${withStatus(reason, status)}${doubt}; again at ${nextAt}`, attempt };
    }
    case 'ErpSubmissionRefused':
      return {
        area: 'erp',
        title: 'ERP refused it',
        detail: withStatus(event.data.reason, event.data.status),
        attempt: event.data.attempt,
      };
    case 'ErpSubmissionFailed': {
      const doubt = event.data.inDoubt ? '; it may have been done' : '';
      const detail = `${withStatus(event.data.reason, event.data.status)}${doubt}; dead letter ${event.data.deadLetterId}`;
      return { area: 'erp', title: 'ERP attempts exhausted', detail, attempt: Math.max(1, event.data.attempts) };
    }
    case 'ErpSubmissionRetried':
      return { area: 'operator', title: 'Sent on its way again', detail: because(event.data.by, event.data.reason) };
    case 'OrderSentToErp': {
      const detail = event.data.alreadyThere ? `${event.data.erpRef}; it was there already` : event.data.erpRef;
      return { area: 'erp', title: 'ERP has it', detail, attempt: event.data.attempt };
    }
    case 'ErpOverdueFlagged':
      return { area: 'erp', title: 'ERP is overdue', detail: `asked at ${event.data.requestedAt}` };
    case 'ErpDeadlineExceeded':
      return { area: 'erp', title: 'ERP deadline passed', detail: `waited ${event.data.waitedMs} ms` };
    case 'ErpCancellationRequested':
      return { area: 'cancellation', title: 'To be cancelled at the ERP', detail: event.data.erpRef ?? 'looked up first' };
    case 'ErpCancellationAttemptFailed': {
      const { attempt, reason, status, nextAt } = event.data;
      return { area: 'cancellation', title: 'ERP did not cancel it', detail: `${withStatus(reason, status)}; again at ${nextAt}`, attempt };
    }
    case 'ErpOrderCancelled': {
      const detail =
        event.data.proof === 'absent'
          ? 'a look-up proved that the ERP does not have it'
          : (event.data.erpRef ?? 'an operator saw that it does not have it');
      return { area: 'cancellation', title: 'Nothing is left at the ERP', detail };
    }
    default:
      return describeEngineEvent(event);
  }
};

const changeText = (change: RequestChange): string =>
  'sealed' in change ? change.pointer : `${change.pointer}: ${change.before} → ${change.after}`;

/** Items named in one entry; the event has them all. */
const NAMED = 5;
const listed = (items: readonly string[]): string =>
  items.slice(0, NAMED).join(', ') + (items.length > NAMED ? ` and ${items.length - NAMED} more` : '');
const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
const ending = (reason: string | undefined, detail: string | undefined, compensation: string): string =>
  [[reason, detail].filter((part) => part !== undefined).join(': '), `undone: ${compensation}`].filter((part) => part !== '').join('; ');
