import type { FlowIntake } from '../intake/flow-intake.ts';
import { orderHandlers } from './handlers.ts';
import { openIntake } from './intake.ts';
import { orderKind } from './kind.ts';
import { openResubmission } from './resubmission.ts';
import { orderRoutes } from './routes.ts';

export const orderFlowIntake: FlowIntake<ReturnType<typeof orderHandlers>> = {
  flow: orderKind.flow,
  open: async (config, ports, runtime) => {
    const intake = await openIntake(ports, config.duplicateCacheMs);
    const resubmit = openResubmission(ports.store, runtime, intake);
    return orderHandlers({ intake, resubmit, runtime, telemetry: ports.telemetry, maxWaitMs: config.maxWaitMs });
  },
  routes: orderRoutes,
};
