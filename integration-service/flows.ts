import type { FlowIntake } from './intake/flow-intake.ts';
import { orderFlowIntake } from './orders/flow-intake.ts';
import { paymentFlowIntake } from './payments/flow-intake.ts';

/** Every flow whose requests come in over the API. */
export const FLOWS: readonly FlowIntake[] = [orderFlowIntake, paymentFlowIntake];
