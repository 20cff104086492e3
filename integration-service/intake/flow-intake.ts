import type { Route } from '@sagahub/contracts/api/route.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import type { IntegrationConfig } from '../config.ts';

/** A flow's way in. */
export interface FlowIntake<Handlers = any> {
  readonly flow: string;
  readonly open: (config: IntegrationConfig, ports: Ports, runtime: SagaRuntime) => Promise<Handlers>;
  /** Also asked, without any handlers that work, where the routes are only described. */
  readonly routes: (handlers: Handlers) => readonly Route[];
}
