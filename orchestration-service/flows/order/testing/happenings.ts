import fc from 'fast-check';
import { type HappeningIn, happeningsOf } from '../../testing/happenings.ts';
import { CANCEL_FATES, SUBMIT_FATES } from '../../testing/world.ts';
import type { OrderCommand } from '../commands.ts';
import { ERP_DEADLINE, ERP_OVERDUE } from '../steps.ts';
import { HOUR_MS, MINUTE_MS } from './examples.ts';
import type { World } from './world.ts';

export { happen } from '../../testing/happenings.ts';

const by = 'op';
const reason = 'r';
const commands: readonly OrderCommand[] = [
  { type: 'Cancel', by },
  { type: 'Compensate', by, reason },
  { type: 'RetryCompensation', by, reason },
  { type: 'Abandon', by, reason },
  { type: 'Retry', by, reason },
  { type: 'SkipStep', by, reason, step: 'discount' },
  { type: 'Resubmit', by, newOrderId: 'order-2', fingerprint: 'f' },
  ...[1, 2, 3, 4].map((attempt) => ({ type: 'Redrive', by, reason, deadLetterId: `dead-${attempt}` }) as const),
];

export type Happening = HappeningIn<World>;
export const happening: fc.Arbitrary<Happening> = happeningsOf<World>({
  commands,
  clocks: [ERP_OVERDUE, ERP_DEADLINE],
  passesMs: [1_000, 10 * MINUTE_MS, 80 * HOUR_MS],
  others: [
    { weight: 4, arbitrary: fc.tuple(fc.constant('submit'), fc.constantFrom(...SUBMIT_FATES), fc.boolean()) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('cancel'), fc.constantFrom(...CANCEL_FATES)) },
  ],
});
