import type { EngineHealth } from '@sagahub/adapters/engine/engine.ts';
import type { Service } from '@sagahub/contracts/service.ts';

/** Without its engine there is nothing a process could answer: then it is not ready. */
const needs = (processName: string, check: string): boolean =>
  check.startsWith('postgresql:') || check.startsWith('event-store:') || (check.startsWith('mongodb:') && processName === 'read-model');

/**
 * The engines' state, for readiness. What a process can do without is a warning to it: all replicas lose an engine at the same time, and taking
 * them out of rotation would turn an outage of hints or of the read model into one of the whole hub.
 */
export const enginesOf = (processName: string, engines: readonly EngineHealth[]): Service => ({
  name: 'engines',
  routes: [],
  health: async () => {
    const checks = await Promise.all(engines.map((engine) => engine.health()));
    return checks.map((check) => (check.status === 'fail' && !needs(processName, check.name) ? { ...check, status: 'warn' } : check));
  },
  [Symbol.asyncDispose]: () => Promise.resolve(),
});
