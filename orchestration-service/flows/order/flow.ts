import { ORDER, type OrderState as StateName } from '@sagahub/contracts/messages/order.ts';
import type { Flow } from '@sagahub/contracts/saga.ts';
import { decideCommand } from './commands.ts';
import { decideV1 } from './decide-v1.ts';
import { evolve } from './evolve.ts';
import { externalCall } from './external.ts';
import { pending } from './pending.ts';
import type { OrderPolicy } from './policy.ts';
import { reportEvents } from './report.ts';
import type { OrderState } from './state.ts';

/** A partner's order: stock, discount, ERP; undone in reverse. Pure. */
export const orderFlow = (policy: OrderPolicy): Flow<OrderState> => ({
  name: ORDER,
  initialState: { status: 'none' },
  evolve,
  versions: { 1: decideV1(policy) },
  currentVersion: 1,
  pinnedVersion: (state) => (state.status === 'none' ? undefined : state.order.sagaVersion),
  pending,
  stateName,
  command: decideCommand,
  externalCall,
  report: reportEvents,
});

/** An order that is stuck stays in the state in which it got stuck. */
const stateName = (state: OrderState): StateName => {
  switch (state.status) {
    case 'none':
      return 'Initiated';
    case 'received': {
      const { stock, discount, amounts } = state.order;
      if (amounts) return 'Validated';
      return discount.is === 'applied' ? 'DiscountApplied' : stock.is === 'held' ? 'StockReserved' : 'Initiated';
    }
    case 'submitting':
    case 'stuck':
      return 'SendingToErp';
    case 'sent':
      return 'SentToErp';
    case 'completed':
    case 'surplus':
      return 'Completed';
    case 'compensating':
    case 'halted':
      return 'Compensating';
    case 'rejected':
      return 'Rejected';
    case 'cancelled':
      return 'Cancelled';
  }
};
