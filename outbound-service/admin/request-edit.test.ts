import assert from 'node:assert/strict';
import type { ApiRequest } from '@sagahub/contracts/api/route.ts';
import { ConflictError } from '@sagahub/contracts/errors.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import { editRequest } from './request-edit.ts';

const LETTER = { deadLetterId: 'letter', origin: 'erp', stream: 'order-1', step: 'erp' } as DeadLetter;
const KEYS = {} as KeyStore;

interface Order {
  readonly customerId: string;
  readonly items: readonly object[];
}

/** One order whose request is replaced as a whole by each edit, as the flow does it. */
const orderInTrouble = (order: Order) => {
  let [revision, request] = [6, order];
  const runtime = {
    load: () => Promise.resolve({ revision }),
    preview: () => Promise.resolve({ events: [], folded: { state: {}, flow: { externalCall: () => ({ request }) } } }),
    execute: (_stream: string, command: unknown, { expectedRevision }: { readonly expectedRevision?: number }) => {
      if (expectedRevision !== undefined && expectedRevision !== revision)
        return Promise.reject(new ConflictError('HUB_CHANGED_MEANWHILE', 'it has changed'));
      const { customerId, items } = command as Order;
      request = { customerId, items };
      return Promise.resolve({ events: [{}], folded: { revision: ++revision } });
    },
  } as unknown as SagaRuntime;
  return { runtime, sent: () => request };
};

const editing = (pointer: string, value: string) =>
  ({ body: { changes: [{ pointer, value }], reason: 'a test' } }) as unknown as ApiRequest;

describe('an edit of what is sent to the ERP', () => {
  const items = [{ lineNumber: 1, sku: 'A', quantity: '1', unitPrice: '2.00' }];

  it('undoes none that another operator made at the same moment: one wins, the other is refused', async () => {
    const { runtime, sent } = orderInTrouble({ customerId: 'C-1', items });
    const edits = await Promise.allSettled([
      editRequest({ runtime, keys: KEYS }, LETTER, editing('/customerId', 'C-2'), 'client:one'),
      editRequest({ runtime, keys: KEYS }, LETTER, editing('/items/0/sku', 'B'), 'client:two'),
    ]);
    assert.deepEqual(
      edits.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    assert.ok(edits[1].status === 'rejected' && edits[1].reason instanceof ConflictError);
    assert.deepEqual(sent(), { customerId: 'C-2', items });
  });

  it('may follow another one', async () => {
    const { runtime, sent } = orderInTrouble({ customerId: 'C-1', items });
    await editRequest({ runtime, keys: KEYS }, LETTER, editing('/customerId', 'C-2'), 'client:one');
    await editRequest({ runtime, keys: KEYS }, LETTER, editing('/items/0/sku', 'B'), 'client:two');
    assert.deepEqual(sent(), { customerId: 'C-2', items: [{ ...items[0], sku: 'B' }] });
  });
});
