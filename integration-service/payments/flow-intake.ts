import type { FlowIntake } from '../intake/flow-intake.ts';
import { openIntake } from '../intake/intake.ts';
import { paymentHandlers } from './handlers.ts';
import { paymentKind } from './kind.ts';
import { paymentRoutes } from './routes.ts';

export const paymentFlowIntake: FlowIntake<ReturnType<typeof paymentHandlers>> = {
  flow: paymentKind.flow,
  open: async (config, ports, runtime) => {
    const intake = await openIntake(paymentKind, ports, config.duplicateCacheMs);
    return paymentHandlers({ intake, runtime, telemetry: ports.telemetry, maxWaitMs: config.maxWaitMs });
  },
  routes: paymentRoutes,
};
