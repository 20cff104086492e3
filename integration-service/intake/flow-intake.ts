import type { Route } from '@sagahub/contracts/api/route.ts';
import { UnavailableError } from '@sagahub/contracts/errors.ts';
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

const ASK_AGAIN_AFTER_MS = 60_000;

/** The routes of a flow that cannot be served here, such as one whose third party is not configured: each says so, and nothing is recorded. */
export const closedRoutes = (routes: readonly Route[], advice: string): readonly Route[] =>
  routes.map((route) => ({
    ...route,
    handle: () => Promise.reject(new UnavailableError('HUB_FLOW_CLOSED', advice, { retryAfterMs: ASK_AGAIN_AFTER_MS })),
  }));
