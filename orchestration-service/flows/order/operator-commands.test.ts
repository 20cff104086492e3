import assert from 'node:assert/strict';
import type { ErpRequestEdited, OrderEvent } from '@sagahub/contracts/messages/order.ts';
import {
  cancelFailed,
  cancelled,
  cancelRequested,
  compensationRetried,
  completed,
  ITEMS,
  orderCancelled,
  received,
  receivedWithDiscount,
  requested,
  reserved,
  retried,
  sentToErp,
  started,
  submissionFailed,
  SUBMITTING,
  validated,
} from './testing/examples.ts';
import { flow, given, type Past } from './testing/spec.ts';

const SAID = { by: 'client:op', reason: 'r' };
const STUCK = [...SUBMITTING, submissionFailed()];
const IN_DOUBT = [...SUBMITTING, started(1), submissionFailed(1, true)];
const HALTED = [...SUBMITTING, sentToErp(), cancelled, cancelRequested('ERP-1'), cancelFailed];
const skipped = (step: 'stock' | 'discount'): OrderEvent => ({ type: 'StepSkipped', data: { step, ...SAID } });
const resolved = (erp: 'live' | 'cancelled' | 'absent', erpRef?: string): OrderEvent => ({
  type: 'ResolvedByHand',
  data: { erp, ...(erpRef !== undefined && { erpRef }), ...SAID },
});

describe('order flow: acts of operators', () => {
  describe('retrying', () => {
    it('is another round of whatever the order is stuck at', () => {
      given(...STUCK)
        .when({ commanding: { type: 'Retry', ...SAID } })
        .records({ ...retried(), data: { deadLetterId: 'dead-6', ...SAID } });
      given(...HALTED)
        .when({ commanding: { type: 'Retry', ...SAID } })
        .records({ ...compensationRetried, data: SAID } as OrderEvent);
    });

    it('is refused when nothing waits for an operator', () => {
      for (const past of [SUBMITTING, [...SUBMITTING, sentToErp(), completed]])
        given(...past)
          .when({ commanding: { type: 'Retry', ...SAID } })
          .isRefused('HUB_NOTHING_TO_RETRY');
    });
  });

  describe('skipping', () => {
    const skip = (step: string) => ({ commanding: { type: 'SkipStep', step, ...SAID } }) as const;

    it('goes on without the step the order is at, and gives back what a failed try may have taken', () => {
      given(received).when(skip('stock')).records(skipped('stock'));
      given(received, skipped('stock')).when({ deciding: {} }).asks('stock', { kind: 'release', holder: 'order-1' });
      given(received, skipped('stock'))
        .when({ deciding: { stock: { kind: 'released' } } })
        .records(validated, requested);
      given(receivedWithDiscount, reserved).when(skip('discount')).records(skipped('discount'));
      given(receivedWithDiscount, reserved, skipped('discount'))
        .when({ deciding: { discount: { kind: 'released' } } })
        .records(validated, requested);
    });

    it('is undone like a step in doubt', () =>
      given(received, skipped('stock'), cancelled)
        .when({ deciding: { stock: { kind: 'released' } } })
        .records(orderCancelled('none')));

    it('is refused of another step, and of the ERP', () => {
      given(received)
        .when(skip('discount'))
        .isRefused('HUB_STEP_NOT_SKIPPABLE', /at the step stock/);
      given(...STUCK)
        .when(skip('stock'))
        .isRefused('HUB_STEP_NOT_SKIPPABLE', /resolve it by hand/);
    });

    it('of what could not be undone ends the order as partial, with the exact list of what is left', () =>
      given(...HALTED)
        .when(skip('erp-cancel'))
        .records({
          type: 'OrderCancelled',
          data: {
            reason: 'no longer wanted',
            compensation: 'partial',
            handover: {
              undone: [],
              notUndone: [
                { of: 'erp', erpRef: 'ERP-1' },
                { of: 'stock', items: ITEMS },
              ],
            },
          },
        }));
  });

  describe('resolving by hand', () => {
    const resolve = (erp: 'live' | 'cancelled' | 'absent', erpRef?: string) =>
      ({ commanding: { type: 'ResolveByHand', erp, ...(erpRef !== undefined && { erpRef }), ...SAID } }) as const;
    const found = (erpRef: string): OrderEvent => ({ type: 'OrderSentToErp', data: { erpRef, attempt: 6, alreadyThere: true } });

    it('with a reference completes an order that is wanted', () =>
      given(...STUCK)
        .when(resolve('live', 'SO-1'))
        .records(resolved('live', 'SO-1'), found('SO-1'), { ...completed, data: { ...completed.data, erpRef: 'SO-1' } }));

    it('with a reference gives one that is being undone something to cancel', () => {
      const past: readonly Past[] = [...STUCK, cancelled, cancelRequested(), cancelFailed, resolved('live', 'SO-1'), found('SO-1')];
      assert.deepEqual(flow.externalCall(given(...past).state, 'erp-cancel')?.reference, 'SO-1');
    });

    it('as cancelled or absent lets the undoing go on', () => {
      given(...HALTED)
        .when(resolve('cancelled', 'ERP-1'))
        .records(resolved('cancelled', 'ERP-1'), { type: 'ErpOrderCancelled', data: { erpRef: 'ERP-1', proof: 'by-hand' } });
      given(...HALTED)
        .when(resolve('absent'))
        .isRefused('HUB_NOT_RESOLVABLE', /ERP-1/);
    });

    it('as absent takes the doubt from a stuck order: the next attempt looks nothing up', () => {
      const redriven: readonly Past[] = [resolved('absent'), retried(1)];
      assert.ok(flow.externalCall(given(...IN_DOUBT, retried(1)).state, 'erp-submit')?.inDoubt);
      assert.equal(flow.externalCall(given(...IN_DOUBT, ...redriven).state, 'erp-submit')?.inDoubt, undefined);
    });

    it('needs a reference for what is live, and an order that it fits', () => {
      given(...STUCK)
        .when(resolve('live'))
        .isRefused('HUB_VALIDATION');
      given(...SUBMITTING, sentToErp(), completed)
        .when(resolve('live', 'SO-2'))
        .isRefused('HUB_NOT_RESOLVABLE');
      given(received).when(resolve('live', 'SO-1')).isRefused('HUB_NOT_RESOLVABLE');
    });
  });

  describe('editing what is sent', () => {
    const items = received.data.lines.map(({ lineNumber, sku, quantity, unitPrice }) => ({ lineNumber, sku, quantity, unitPrice }));
    const edit = (changes: Partial<ErpRequestEdited['data']> = {}) =>
      ({
        commanding: { type: 'EditRequest', deadLetterId: 'dead-6', diff: [], customerId: 'C-2', items, ...SAID, ...changes },
      }) as const;
    const edited: OrderEvent = {
      type: 'ErpRequestEdited',
      data: { deadLetterId: 'dead-6', diff: [], customerId: 'C-2', items, ...SAID },
    };

    it('changes what later attempts send, and nothing of the order itself', () => {
      given(...STUCK)
        .when(edit())
        .records(edited);
      const { state } = given(...STUCK, edited, retried());
      assert.equal(flow.externalCall(state, 'erp-submit')?.request['customerId'], 'C-2');
      assert.equal((state as { order: { received: { buyerId: string } } }).order.received.buyerId, 'C-1001');
    });

    it('waits with everything else of the order behind its dead letter', () => {
      const { state } = given(...STUCK, edited);
      assert.equal(flow.externalCall(state, 'erp-submit'), undefined);
      assert.deepEqual(
        flow.pending(state).map(({ queue }) => queue),
        ['operator'],
      );
    });

    it('sends the personal part as it was sealed last', () => {
      const resealed: OrderEvent = { ...edited, private: { keyId: 'k1', nonce: 'n2', sealed: 's2' } };
      assert.equal(flow.externalCall(given(...STUCK, resealed, retried()).state, 'erp-submit')?.private?.sealed, 's2');
    });

    it('is refused when it changes the sum or the lines, or comes too late', () => {
      given(...STUCK)
        .when(edit({ items: items.map((item) => ({ ...item, quantity: '9' })) }))
        .isRefused('HUB_VALIDATION');
      given(...STUCK)
        .when(edit({ items: items.slice(1) }))
        .isRefused('HUB_VALIDATION');
      given(...STUCK, retried())
        .when(edit())
        .isRefused('HUB_DEAD_LETTER_RESOLVED');
    });
  });
});
