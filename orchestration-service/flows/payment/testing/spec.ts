import type { PaymentEvent } from '@sagahub/contracts/messages/payment.ts';
import { Spec } from '../../testing/spec.ts';
import type { PaymentCommand } from '../commands.ts';
import { paymentFlow } from '../flow.ts';
import type { PaymentState } from '../state.ts';
import { AUTHORIZE, REVERSE } from '../steps.ts';
import { NOW_MS, POLICY } from './examples.ts';

export const flow = paymentFlow(POLICY);
export const payments = new Spec<PaymentState, PaymentEvent, PaymentCommand>(flow, {
  nowMs: NOW_MS,
  steps: { submit: AUTHORIZE, cancel: REVERSE },
});
export const given = payments.given.bind(payments);
