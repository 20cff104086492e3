import type { Answer, ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { type HubOptions, HubProcess } from '@sagahub/hub/harness/hub-process.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { explainFailure } from '@sagahub/contracts/testing/failure-context.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { ApiDescription } from '../support/api-description.ts';
import { missingEngines, SharedEngines } from '../support/engines.ts';
import { NetworkedHub } from '../support/networked-hub.ts';
import { storedOnEngines } from '../support/stored.ts';

/** Timings short enough for tests; everything else as a user would run it. */
const QUICK: Readonly<Record<string, string>> = {
  // Long enough that a busy machine answers what the ERP answers, not that time is up.
  HUB_ERP_TIMEOUT: '5s',
  HUB_ERP_RETRY_DELAYS: '50ms,100ms,200ms',
  HUB_ERP_SETTLE: '200ms',
  HUB_PAYMENT_TIMEOUT: '500ms',
  HUB_PAYMENT_RETRY_DELAYS: '50ms,100ms,200ms',
  HUB_PAYMENT_SETTLE: '200ms',
  HUB_BREAKER_OPEN: '300ms',
  // Receivers are in this process.
  HUB_WEBHOOK_ALLOW_HTTP: 'true',
  HUB_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
};

export interface JourneyOptions extends HubOptions {
  /** Networked, its services are processes of their own, as they all are with `HUB_TEST_EVERY_JOURNEY`. Default false: they are in one. */
  readonly apart?: boolean;
}

/** What a journey sees of the hub it runs against: the same in every profile. */
export type JourneyHub = Pick<
  HubProcess,
  | 'url'
  | 'managementUrl'
  | 'grpcAddress'
  | 'erp'
  | 'processor'
  | 'output'
  | 'stored'
  | 'client'
  | 'secretOf'
  | 'kill'
  | 'startAgain'
  | 'stop'
> &
  Partial<Pick<HubProcess, 'dataFolder'>> &
  AsyncDisposable;

/** Which hub the journeys run against: `embedded` (default), or `networked-postgres` and `networked-kurrentdb`: on real engines with that log. */
const PROFILE = process.env['HUB_TEST_PROFILE'] ?? 'embedded';
const EVERY_JOURNEY = process.env['HUB_TEST_EVERY_JOURNEY'] === 'true';

/** The one that was started last, for what is told of a test that fails. */
let latest: JourneyHub | undefined;
afterEach(function () {
  explainFailure(this, () => `the hub printed at the end:\n${latest?.output}`);
});

let engines: SharedEngines | undefined;
if (PROFILE !== 'embedded') after(() => engines?.[Symbol.asyncDispose]());

/**
 * For tests that need something running before the hub. Call it in a `before`, whose suite is skipped where an engine is missing; the caller
 * disposes it.
 */
export const startHub = async (context: Mocha.Context, { env = {}, ...options }: JourneyOptions): Promise<JourneyHub> => {
  context.timeout(240_000);
  latest = await startWith(context, { ...options, env: { ...QUICK, ...env } });
  return latest;
};

const startWith = async (context: Mocha.Context, { apart = EVERY_JOURNEY, ...options }: JourneyOptions): Promise<JourneyHub> => {
  if (PROFILE === 'embedded') return HubProcess.start(options);
  const missing = missingEngines();
  if (missing.length > 0) skip(context, missing.join('; '));
  engines ??= await SharedEngines.start();
  const urls = await engines.forOneHub(PROFILE === 'networked-kurrentdb' ? 'kurrentdb' : 'postgres');
  const { kurrentdb } = engines;
  const hub = await NetworkedHub.start(urls, { ...options, together: !apart });
  return Object.assign(hub, { stored: () => storedOnEngines(urls, kurrentdb) });
};

/** One hub for all tests of a `describe`, started before the first and thrown away after the last. */
export const journeyHub = (options: JourneyOptions = {}): { readonly hub: JourneyHub } => {
  const journey: { hub: JourneyHub } = { hub: undefined as unknown as JourneyHub };
  before(async function () {
    journey.hub = await startHub(this, options);
    await holdToDescription(journey.hub);
  });
  after(() => journey.hub?.[Symbol.asyncDispose]());
  return journey;
};

/** Of every hub: no setting changes what is described, and making it takes a hub half a second. */
let description: ApiDescription | undefined;
/** From now on every answer that a client of this hub gets fails the test unless `/openapi.json` describes it. */
const holdToDescription = async (hub: JourneyHub): Promise<void> => {
  const described = (description ??= await ApiDescription.of(hub.url));
  const clientOf = hub.client.bind(hub);
  hub.client = (name) => {
    const client = clientOf(name);
    const call = client.call.bind(client);
    client.call = async (method, path, options) => {
      const answer = await call(method, path, options);
      described.assertDescribes(method, path, answer);
      return answer;
    };
    return client;
  };
};

/** Posts an order and answers its id; fails the test unless it was accepted. */
export const place = async (client: ApiClient, order: object): Promise<string> => {
  const answer = await client.post('/api/v1/orders', order);
  if (answer.status !== 202) throw new Error(`expected 202, got ${answer.status}: ${answer.text}`);
  return answer.body.orderId;
};

/** The order as its partner sees it, once its status is one of these. */
export const orderIn = async (client: ApiClient, orderId: string, ...statuses: readonly string[]): Promise<any> => {
  const answer = await until<Answer>(
    `order ${orderId} becoming ${statuses.join(' or ')}`,
    () => client.get(`/api/v1/orders/${orderId}`),
    ({ body }) => statuses.includes(body.status),
  );
  return answer.body;
};

/** Types of an order's events, oldest first, as the auditor reads them: all that the order itself shows, which the log may list a moment later. */
export const eventTypes = async (auditor: ApiClient, orderId: string): Promise<string[]> => {
  const { body: order } = await auditor.get(`/api/v1/orders/${orderId}`);
  const { text } = await until(
    `the log listing revision ${order.revision} of the order`,
    () => auditor.get(`/api/v1/events?stream=order-${orderId}`),
    (listed) => linesOf(listed.text).length > order.revision,
  );
  return linesOf(text).map((line) => JSON.parse(line).type);
};

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

/** What a SKU's table row says. */
export const balanceOf = async (operator: ApiClient, sku: string): Promise<{ free: string; held: string }> => {
  const { body } = await operator.get(`/api/v1/admin/inventory?limit=200`);
  return body.items.find((item: { sku: string }) => item.sku === sku);
};
