import type { Answer, ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { type HubOptions, HubProcess } from '@sagahub/hub/harness/hub-process.ts';
import { until } from '@sagahub/hub/harness/until.ts';

/** Timings short enough for tests; everything else as a user would run it. */
const QUICK: Readonly<Record<string, string>> = {
  HUB_ERP_TIMEOUT: '500ms',
  HUB_ERP_RETRY_DELAYS: '50ms,100ms,200ms',
  HUB_ERP_SETTLE: '200ms',
  HUB_BREAKER_OPEN: '300ms',
};

/** One hub for all tests of a `describe`, started before the first and thrown away after the last. */
export const journeyHub = (options: HubOptions = {}): { readonly hub: HubProcess } => {
  const journey: { hub: HubProcess } = { hub: undefined as unknown as HubProcess };
  before(async function () {
    this.timeout(60_000);
    journey.hub = await HubProcess.start({ ...options, env: { ...QUICK, ...options.env } });
  });
  after(() => journey.hub?.[Symbol.asyncDispose]());
  return journey;
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

/** Types of an order's events, oldest first, as the auditor reads them. */
export const eventTypes = async (auditor: ApiClient, orderId: string): Promise<string[]> =>
  (await auditor.get(`/api/v1/events?stream=order-${orderId}`)).text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).type);

/** What a SKU's table row says. */
export const balanceOf = async (operator: ApiClient, sku: string): Promise<{ free: string; held: string }> => {
  const { body } = await operator.get(`/api/v1/admin/inventory?limit=200`);
  return body.items.find((item: { sku: string }) => item.sku === sku);
};
