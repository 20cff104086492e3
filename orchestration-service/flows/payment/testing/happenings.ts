import fc from 'fast-check';
import { type HappeningIn, happeningsOf } from '../../testing/happenings.ts';
import { CANCEL_FATES, SUBMIT_FATES } from '../../testing/world.ts';
import type { PaymentCommand } from '../commands.ts';
import { EXPIRY, OVERDUE } from '../steps.ts';
import { HOUR_MS, MINUTE_MS } from './examples.ts';
import { LATER_FATES, type World } from './world.ts';

const by = 'op';
const reason = 'r';
const commands: readonly PaymentCommand[] = [
  { type: 'Cancel', by },
  { type: 'Refund', by },
  { type: 'Compensate', by, reason },
  { type: 'RetryCompensation', by, reason },
  { type: 'Abandon', by, reason },
  { type: 'Retry', by, reason },
  ...[1, 2, 3, 4].map((attempt) => ({ type: 'Redrive', by, reason, deadLetterId: `dead-${attempt}` }) as const),
];

export type Happening = HappeningIn<World>;
export const happening: fc.Arbitrary<Happening> = happeningsOf<World>({
  commands,
  clocks: [OVERDUE, EXPIRY],
  passesMs: [1_000, 10 * MINUTE_MS, 25 * HOUR_MS],
  others: [
    { weight: 4, arbitrary: fc.tuple(fc.constant('submit'), fc.constantFrom(...SUBMIT_FATES), fc.boolean()) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('submitLater'), fc.constantFrom(...LATER_FATES), fc.boolean()) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('cancel'), fc.constantFrom(...CANCEL_FATES)) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('callback'), fc.boolean()) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('settleLater'), fc.boolean()) },
  ],
});
