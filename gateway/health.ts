import type { ApiResponse, Route } from '@sagahub/contracts/api/route.ts';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { HealthCheck, Service } from '@sagahub/contracts/service.ts';
import { z } from 'zod';

type Status = HealthCheck['status'];
interface Health {
  readonly status: Status;
  readonly checks: readonly HealthCheck[];
}

export interface HealthOptions {
  readonly services: readonly Pick<Service, 'name' | 'health'>[];
  readonly clock: Clock;
  readonly version: string;
  /** Readiness has turned: the process is about to stop. */
  readonly draining: () => boolean;
}

const MEDIA_TYPE = 'application/health+json';
/** Probes ask often and without a token: the services are asked at most this often. */
const CACHE_MS = 1_000;
const ANSWER_WITHIN_MS = 2_000;
const SEVERITY: Readonly<Record<Status, number>> = { pass: 0, warn: 1, fail: 2 };

/**
 * `/health/live`, `/health/ready` and `/health/startup` (draft-inadarei-api-health-check-06). Alive is a process that answers;
 * ready is one that should get traffic: every service passes or warns, and it is not stopping.
 */
export const healthRoutes = (options: HealthOptions): { readonly open: readonly Route[]; readonly detailed: readonly Route[] } => {
  const overall = cached(options.clock, () => ask(options.services));
  const build = (detailed: boolean): readonly Route[] => {
    const alive = async (): Promise<ApiResponse> => answer(options, ALIVE, detailed);
    const ready = async () => answer(options, options.draining() ? DRAINING : await overall(), detailed);
    return [route('live', alive), route('startup', alive), route('ready', ready)];
  };
  return { open: build(false), detailed: build(true) };
};

/** The same for a process that cannot serve yet: alive, not started, not ready, and why. For the management port. */
export const startingRoutes = (
  waitingFor: () => readonly HealthCheck[],
  options: Pick<HealthOptions, 'clock' | 'version'>,
): readonly Route[] => {
  const waiting = async () => answer(options, { status: 'fail', checks: waitingFor() }, true);
  return [route('live', async () => answer(options, ALIVE, true)), route('startup', waiting), route('ready', waiting)];
};

const ALIVE: Health = { status: 'pass', checks: [] };
const DRAINING: Health = { status: 'fail', checks: [{ name: 'hub:draining', status: 'fail', output: 'the hub is stopping' }] };

const ask = async (services: HealthOptions['services']): Promise<Health> => {
  const answers = await Promise.all(services.map((service) => withinTime(service)));
  const checks = answers.flat();
  const status = checks.reduce<Status>((worst, check) => (SEVERITY[check.status] > SEVERITY[worst] ? check.status : worst), 'pass');
  return { status, checks };
};

const withinTime = async ({ name, health }: HealthOptions['services'][number]): Promise<readonly HealthCheck[]> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly HealthCheck[]>((resolve) => {
    timer = setTimeout(
      () => resolve([{ name: `${name}:health`, status: 'fail', output: `no answer within ${ANSWER_WITHIN_MS} ms` }]),
      ANSWER_WITHIN_MS,
    );
  });
  try {
    return await Promise.race([health(), late]);
  } catch (error) {
    return [{ name: `${name}:health`, status: 'fail', output: (error as Error).message }];
  } finally {
    clearTimeout(timer);
  }
};

const cached = <T>(clock: Clock, load: () => Promise<T>): (() => Promise<T>) => {
  let known: Promise<T> | undefined;
  let untilMs = 0;
  return () => {
    if (!known || clock.now() >= untilMs) {
      untilMs = clock.now() + CACHE_MS;
      known = load();
    }
    return known;
  };
};

/** Everybody may see which check fails; what it says about our insides is for the management port. */
const answer = (
  { version, clock }: Pick<HealthOptions, 'clock' | 'version'>,
  { status, checks }: Health,
  detailed: boolean,
): ApiResponse => {
  const time = new Date(clock.now()).toISOString();
  const grouped: Record<string, object[]> = {};
  for (const { name, ...check } of checks) (grouped[name] ??= []).push(detailed ? { ...check, time } : { status: check.status });
  return {
    status: status === 'fail' ? 503 : 200,
    headers: { 'content-type': MEDIA_TYPE, ...(status === 'fail' && { 'retry-after': '1' }) },
    body: { status, version: '1', releaseId: version, serviceId: 'sagahub', ...(checks.length > 0 && { checks: grouped }) },
  };
};

const schema = z
  .looseObject({ status: z.enum(['pass', 'warn', 'fail']), checks: z.record(z.string(), z.array(z.looseObject({}))).optional() })
  .meta({ id: 'Health' });
const SUMMARIES = { live: 'Is the process running?', startup: 'Has the process started?', ready: 'Should the process get traffic?' };
const route = (name: keyof typeof SUMMARIES, handle: Route['handle']): Route => ({
  method: 'GET',
  path: `/health/${name}`,
  scopes: [],
  unlimited: true,
  operation: {
    operationId: `getHealth${name[0]?.toUpperCase()}${name.slice(1)}`,
    summary: SUMMARIES[name],
    tag: 'Health',
    responses: {
      200: { description: 'Yes', schema, mediaType: MEDIA_TYPE },
      503: { description: 'No', schema, mediaType: MEDIA_TYPE },
    },
  },
  handle,
});
