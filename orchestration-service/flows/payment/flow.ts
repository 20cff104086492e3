import { PAYMENT, type PaymentState as StateName } from '@sagahub/contracts/messages/payment.ts';
import type { Flow } from '@sagahub/contracts/saga.ts';
import { decideCommand } from './commands.ts';
import { paymentDeadLetters } from './dead-letters.ts';
import { decideV1 } from './decide-v1.ts';
import { evolve } from './evolve.ts';
import { externalCall } from './external.ts';
import { pending } from './pending.ts';
import type { PaymentPolicy } from './policy.ts';
import { reportEvents } from './report.ts';
import type { Ending, PaymentState } from './state.ts';

/** A partner's payment: authorised by a processor, or taken back there. Pure. */
export const paymentFlow = (policy: PaymentPolicy): Flow<PaymentState> => ({
  name: PAYMENT,
  initialState: { status: 'none' },
  evolve,
  versions: { 1: decideV1(policy) },
  currentVersion: 1,
  pinnedVersion: (state) => (state.status === 'none' ? undefined : state.payment.sagaVersion),
  pending,
  stateName,
  command: decideCommand,
  externalCall,
  report: reportEvents,
  deadLetters: paymentDeadLetters,
});

/** A payment that is stuck stays in the state in which it got stuck; one that takes back a late effect in the one it has ended in. */
const stateName = (state: PaymentState): StateName => {
  switch (state.status) {
    case 'none':
    case 'received':
      return 'Initiated';
    case 'authorizing':
    case 'stuck':
      return 'Authorizing';
    case 'approved':
      return 'Approved';
    case 'reversing':
    case 'halted':
      if (state.isTold) return END_NAMES[state.end.kind];
      return state.end.kind === 'refunded' ? 'Refunding' : 'Cancelling';
    case 'ended':
      return END_NAMES[state.end.kind];
  }
};

const END_NAMES = {
  approved: 'Approved',
  declined: 'Declined',
  expired: 'Expired',
  cancelled: 'Cancelled',
  refunded: 'Refunded',
} as const satisfies Record<Ending['kind'], StateName>;
