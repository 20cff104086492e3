import assert from 'node:assert/strict';
import { type Flow, NEVER, OPERATOR_QUEUE, type PendingStep } from '@sagahub/contracts/saga.ts';
import { emptyFold, isSettled } from './folding.ts';

describe('a folded stream', () => {
  const row = (queue: string): PendingStep => ({ step: queue, queue, attempt: 1, dueAtMs: NEVER, sinceMs: 0 });
  const settled = (...queues: readonly string[]): boolean => {
    const flow = { initialState: {}, pending: () => queues.map(row) } as unknown as Flow;
    return isSettled({ ...emptyFold(flow, 'parcel-1'), revision: 0 });
  };

  it('is settled when it has ended, or an operator is waited for, whatever deadline runs on meanwhile', () => {
    assert.equal(settled(), true);
    assert.equal(settled(OPERATOR_QUEUE), true);
    assert.equal(settled(OPERATOR_QUEUE, 'parcel'), true);
    assert.equal(settled('parcel'), false);
  });

  it('is not settled before it exists', () => {
    assert.equal(isSettled(emptyFold({ initialState: {}, pending: () => [] } as unknown as Flow, 'parcel-1')), false);
  });
});
