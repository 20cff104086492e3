import { setTimeout as sleep } from 'node:timers/promises';
import type { ErpBehaviour } from '@sagahub/simulators/erp/behaviour.ts';
import { WELL_BEHAVED } from '@sagahub/simulators/erp/behaviour.ts';
import { seededRandom } from '@sagahub/simulators/random.ts';
import { HubProcess } from '../support/hub-process.ts';
import { anOrder } from '../support/orders.ts';
import { gatherEvidence } from './evidence.ts';
import { brokenPromises } from './invariants.ts';

/** One round: some orders under way, something broken, the hub killed at a random moment and started again. */
export interface CampaignOptions {
  readonly seed: number;
  readonly rounds: number;
  readonly log?: (line: string) => void;
}

/** Fast enough that a round takes a second, and slow enough that late commits are really late. */
const IMPATIENT: Readonly<Record<string, string>> = {
  HUB_ERP_TIMEOUT: '400ms',
  HUB_ERP_RETRY_DELAYS: '50ms,100ms,200ms,400ms',
  HUB_ERP_SETTLE: '900ms',
  HUB_BREAKER_OPEN: '300ms',
};
const SLOW_COMMIT_MS = 700;
const SKUS = ['SKU-A', 'SKU-B', 'SKU-C'];
const REFUSED_SKU = 'SKU-REFUSED';
const DISCOUNT = 'FAULTS10';

type Random = () => number;
const pick = <T>(random: Random, choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!;

const faults: readonly ((random: Random) => Partial<ErpBehaviour>)[] = [
  () => ({}),
  (random) => ({ latencyMs: 20, jitterMs: Math.floor(random() * 300) }),
  (random) => ({ failureRate: random() * 0.6 }),
  (random) => ({ failAfterWorkRate: random() * 0.5 }),
  (random) => ({ lostAnswerRate: random() * 0.6 }),
  (random) => ({ slowCommitRate: random() * 0.5, slowCommitMs: SLOW_COMMIT_MS }),
  () => ({ outage: 'unavailable' }),
  () => ({ outage: 'refused' }),
  () => ({ outage: 'silent' }),
  (random) => ({ garbage: pick(random, ['html', 'no-reference', 'redirect']), garbageRate: 0.4 }),
];

/**
 * Runs rounds on one data folder and, at the end, checks the promises over log, ERP, stock, discounts and read model.
 * @returns the promises that were broken, each with the seed that repeats it
 */
export const runCampaign = async ({ seed, rounds, log = () => {} }: CampaignOptions): Promise<string[]> => {
  const random = seededRandom(seed);
  await using hub = await HubProcess.start({ env: IMPATIENT, seed });
  await stockUp(hub);
  const accepted = new Set<string>();
  for (let round = 1; round <= rounds; round++) {
    const fault = { ...WELL_BEHAVED, refusedSkus: [REFUSED_SKU], ...pick(random, faults)(random) };
    await hub.erp.behave(fault);
    const stop = new AbortController();
    const load = sendOrders(hub, `S${seed}-R${round}`, random, accepted, stop.signal);
    await sleep(20 + random() * 250);
    await hub.kill();
    stop.abort();
    await load;
    await hub.startAgain();
    log(`seed ${seed}, round ${round}: killed under ${describe(fault)}; ${accepted.size} orders accepted so far`);
  }
  await hub.erp.behave({ ...WELL_BEHAVED, refusedSkus: [REFUSED_SKU] });
  const broken = brokenPromises(await gatherEvidence(hub, accepted));
  return [...broken, ...(await selfChecks(hub))].map((promise) => `seed ${seed}: ${promise}`);
};

const describe = (fault: ErpBehaviour): string =>
  Object.entries(fault)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(WELL_BEHAVED[name as keyof ErpBehaviour]) && name !== 'refusedSkus')
    .map(([name, value]) => `${name}=${typeof value === 'number' ? Math.round(value * 100) / 100 : value}`)
    .join(' ') || 'a healthy ERP';

const stockUp = async (hub: HubProcess): Promise<void> => {
  const operator = hub.client('operator');
  const items = [...SKUS, REFUSED_SKU].map((sku) => ({ sku, available: '200' }));
  const stock = await operator.put('/api/v1/admin/inventory', { items });
  const discounts = await operator.put('/api/v1/admin/discounts', { items: [{ code: DISCOUNT, percent: '10', maxRedemptions: 15 }] });
  if (stock.status >= 300 || discounts.status >= 300) throw new Error(`${stock.text}\n${discounts.text}`);
};

/** Four senders that repeat some of their orders, cancel some, and do not care that the hub dies under them. */
const sendOrders = async (hub: HubProcess, prefix: string, random: Random, accepted: Set<string>, signal: AbortSignal): Promise<void> => {
  const client = hub.client('demo');
  const sender = async (name: number): Promise<void> => {
    for (let n = 1; !signal.aborted && n <= 40; n++) {
      const orderNumber = `${prefix}-${name}-${n}`;
      const order = anOrder(orderNumber, {
        lines: [
          { sku: random() < 0.05 ? REFUSED_SKU : pick(random, SKUS), quantity: String(1 + Math.floor(random() * 3)), unitPrice: '9.99' },
        ],
        ...(random() < 0.3 && { discountCode: DISCOUNT }),
      });
      const copies = random() < 0.2 ? 3 : 1;
      try {
        const answers = await Promise.all(
          Array.from({ length: copies }, () => client.call('POST', '/api/v1/orders', { body: order, signal })),
        );
        for (const { status, text } of answers) {
          if (status === 202) accepted.add(orderNumber);
          else if (status < 500 && status !== 429) throw new Error(`${orderNumber} was answered ${status}: ${text}`);
        }
        if (random() < 0.15)
          await client.call('POST', `/api/v1/orders/${answers[0]!.body.orderId}/cancel`, { body: { reason: 'changed my mind' }, signal });
      } catch (error) {
        if (error instanceof Error && error.message.startsWith(orderNumber)) throw error;
        return; // the hub is gone: what was under way may or may not be accepted
      }
    }
  };
  await Promise.all([1, 2, 3, 4].map(sender));
};

/** What the hub finds when it examines itself: the chain of every stream, and documents against a fold of the log. */
const selfChecks = async (hub: HubProcess): Promise<string[]> => {
  const operator = hub.client('operator');
  const verified = await operator.post('/api/v1/admin/audit/verify');
  const drift = await operator.post('/api/v1/admin/projections/orders/drift');
  return [
    ...(verified.body.intact === true ? [] : [`the history does not verify: ${verified.status} ${verified.text}`]),
    ...(drift.status === 200 && drift.body.differences?.length === 0
      ? []
      : [`the read model drifted: ${drift.status} ${drift.text.slice(0, 500)}`]),
  ];
};
