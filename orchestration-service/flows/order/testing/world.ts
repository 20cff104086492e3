import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import { World as WorldOf } from '../../testing/world.ts';
import type { OrderCommand } from '../commands.ts';
import type { OrderState } from '../state.ts';
import { flow, orders } from './spec.ts';

type Holding = 'held' | 'released' | 'refused';

/** One order with its stock, its discount and the ERP. */
export class World extends WorldOf<OrderState, OrderEvent, OrderCommand> {
  readonly stock = new Holdings();
  readonly discount = new Holdings();
  readonly outOfStock: boolean;

  constructor(received: OrderEvent, outOfStock: boolean) {
    super(orders, received, 'ERP-1');
    this.outOfStock = outOfStock;
  }

  settle(): void {
    for (let round = 0; round < 40 && flow.pending(this.state).length > 0; round++) {
      while (this.late.length > 0) this.deliver(false);
      while (this.underway > 0) this.commitSlowly();
      this.decide('advance');
      this.submit('done', false);
      this.cancel('done');
      if (this.state.status === 'stuck') this.command({ type: 'Redrive', by: 'op', reason: 'r', deadLetterId: this.state.deadLetterId });
      if (this.state.status === 'surplus') this.command({ type: 'Compensate', by: 'op', reason: 'r' });
      this.command({ type: 'RetryCompensation', by: 'op', reason: 'r' });
    }
  }

  protected isGivenUp(): boolean {
    const { state } = this;
    return state.status === 'none' || !state.order.erp || ('compensation' in state && state.compensation === 'partial');
  }

  protected answer(participant: string, request: any): unknown {
    if (participant === 'breaker-history') return { openMs: 0 };
    const holdings = participant === 'stock' ? this.stock : this.discount;
    if (request.kind === 'release') return holdings.release();
    if (participant === 'stock')
      return holdings.take(this.outOfStock ? 'refused' : 'held', { kind: 'rejected', shortages: [] }, { kind: 'reserved' });
    return holdings.take('held', { kind: 'rejected', reason: 'used-up' }, { kind: 'applied', percent: '10' });
  }
}

/** What a participant holds for the one order: the first answer stands, and a release leaves a tombstone. */
class Holdings {
  is: Holding | undefined;

  take(to: 'held' | 'refused', refusal: unknown, success: unknown): unknown {
    this.is ??= to;
    return this.is === 'released' ? { kind: 'released' } : this.is === 'held' ? success : refusal;
  }

  release(): unknown {
    this.is = 'released';
    return { kind: 'released' };
  }
}
