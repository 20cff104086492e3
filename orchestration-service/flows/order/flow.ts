import { ORDER, type OrderState as StateName } from '@sagahub/contracts/messages/order.ts';
import type { Flow } from '@sagahub/contracts/saga.ts';
import { decideCommand } from './commands.ts';
import { orderDeadLetters } from './dead-letters.ts';
import { decideV1 } from './decide-v1.ts';
import { evolve } from './evolve.ts';
import { externalCall } from './external.ts';
import { pending } from './pending.ts';
import type { OrderPolicy } from './policy.ts';
import { reportEvents } from './report.ts';
import type { OrderFacts, OrderState } from './state.ts';

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
  deadLetters: orderDeadLetters,
});

/** An order that is stuck stays in the state in which it got stuck. */
const stateName = (state: OrderState): StateName => (state.status === 'received' ? localState(state.order) : STATE_NAMES[state.status]);

const localState = ({ stock, discount, amounts }: OrderFacts): StateName => {
  if (amounts) return 'Validated';
  if (discount.is === 'applied') return 'DiscountApplied';
  return stock.is === 'held' ? 'StockReserved' : 'Initiated';
};

const STATE_NAMES = {
  none: 'Initiated',
  submitting: 'SendingToErp',
  stuck: 'SendingToErp',
  sent: 'SentToErp',
  completed: 'Completed',
  surplus: 'Completed',
  compensating: 'Compensating',
  halted: 'Compensating',
  rejected: 'Rejected',
  cancelled: 'Cancelled',
} as const satisfies Record<Exclude<OrderState['status'], 'received'>, StateName>;
