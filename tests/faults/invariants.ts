import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import type { ErpEffect } from '@sagahub/simulators/erp/ledger.ts';
import { sumOf } from '@sagahub/contracts/money.ts';

/** One line of `/api/v1/events`, as far as the checker looks. */
export interface LoggedEvent {
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly data: any;
}

/** What a hub at rest shows from outside, all taken when nothing is in flight any more. */
export interface Evidence {
  /** Order numbers whose sender got a 202. */
  readonly accepted: ReadonlySet<string>;
  readonly log: readonly LoggedEvent[];
  readonly ledger: readonly ErpEffect[];
  readonly stock: readonly { readonly sku: string; readonly free: string; readonly held: string }[];
  readonly discounts: readonly { readonly code: string; readonly redeemed: number; readonly maxRedemptions?: number }[];
  /** Order id to status, from the read model's lists. */
  readonly readModel: ReadonlyMap<string, string>;
  readonly stats: Readonly<Record<'accepted' | 'completed' | 'rejected' | 'cancelled' | 'stuck' | 'inFlight', number>>;
}

interface OrderStory {
  readonly orderNumber: string;
  /** Held quantity by SKU. */
  readonly items: ReadonlyMap<string, string>;
  readonly outcome: 'completed' | 'rejected' | 'cancelled' | 'open';
  readonly discount: string | undefined;
}

/**
 * Compares what every part says with the promises of a hub (design 8). Returns one sentence per broken promise; none is the aim.
 */
export const brokenPromises = (evidence: Evidence): string[] => {
  const orders = storiesOf(evidence.log);
  return [
    ...acceptedIsDurable(evidence, orders),
    ...everyOrderEnds(orders),
    ...oneEffectPerOrder(evidence.ledger, orders),
    ...stockIsExact(evidence, orders),
    ...discountsAreExact(evidence.discounts, orders),
    ...readModelAgrees(evidence, orders),
  ];
};

const storiesOf = (log: readonly LoggedEvent[]): Map<string, OrderStory> => {
  const stories = new Map<string, OrderStory>();
  for (const { stream, type, data } of log) {
    if (!stream.startsWith('order-')) continue;
    const orderId = stream.slice('order-'.length);
    const story = stories.get(orderId) ?? { orderNumber: '', items: new Map(), outcome: 'open', discount: undefined };
    stories.set(orderId, retell(story, type as OrderEvent['type'], data));
  }
  return stories;
};

const retell = (story: OrderStory, type: OrderEvent['type'], data: any): OrderStory => {
  switch (type) {
    case 'OrderReceived':
      return { ...story, orderNumber: data.orderNumber };
    case 'StockReserved':
      return { ...story, items: new Map(data.items.map((item: { sku: string; quantity: string }) => [item.sku, item.quantity])) };
    case 'StockReleased':
      return { ...story, items: new Map() };
    case 'DiscountApplied':
      return { ...story, discount: data.code };
    case 'DiscountReleased':
      return { ...story, discount: undefined };
    case 'OrderCompleted':
      return { ...story, outcome: 'completed' };
    case 'OrderRejected':
      return { ...story, outcome: 'rejected' };
    case 'OrderCancelled':
      return { ...story, outcome: 'cancelled' };
    case 'OrderSentToErp':
    case 'ErpCancellationRequested':
      return story.outcome === 'open' ? story : { ...story, outcome: 'open' };
    default:
      return story;
  }
};

/** Promises 1 and 2. */
const acceptedIsDurable = ({ accepted, log }: Evidence, orders: ReadonlyMap<string, OrderStory>): string[] => {
  const numbers = new Map<string, number>();
  for (const { type, data } of log) if (type === 'OrderReceived') numbers.set(data.orderNumber, (numbers.get(data.orderNumber) ?? 0) + 1);
  const lost = [...accepted].filter((number) => !numbers.has(number)).map((number) => `${number} was answered 202 and is not in the log`);
  const doubled = [...numbers].filter(([, count]) => count > 1).map(([number, count]) => `${number} is in the log ${count} times`);
  return [...lost, ...doubled, ...(orders.size === numbers.size ? [] : [`${orders.size} streams for ${numbers.size} order numbers`])];
};

/** Promise 3. */
const everyOrderEnds = (orders: ReadonlyMap<string, OrderStory>): string[] =>
  [...orders.values()].filter(({ outcome }) => outcome === 'open').map(({ orderNumber }) => `${orderNumber} has not ended`);

/** Promise 4. */
const oneEffectPerOrder = (ledger: readonly ErpEffect[], orders: ReadonlyMap<string, OrderStory>): string[] => {
  const live = new Map<string, number>();
  for (const effect of ledger)
    if (effect.cancelledAtMs === undefined) live.set(effect.externalOrderId, (live.get(effect.externalOrderId) ?? 0) + 1);
  const wrong = [...orders].flatMap(([orderId, { orderNumber, outcome }]) => {
    const effects = live.get(orderId) ?? 0;
    const expected = outcome === 'completed' ? 1 : 0;
    return effects === expected ? [] : [`${orderNumber} is ${outcome} and has ${effects} live effects at the ERP`];
  });
  const unknown = [...live.keys()].filter((orderId) => !orders.has(orderId)).map((orderId) => `the ERP holds ${orderId}, the log does not`);
  return [...wrong, ...unknown];
};

/** Promise 5, stock. */
const stockIsExact = ({ stock, log }: Evidence, orders: ReadonlyMap<string, OrderStory>): string[] => {
  const held = new Map<string, string[]>();
  for (const { items } of orders.values()) for (const [sku, quantity] of items) held.set(sku, [...(held.get(sku) ?? []), quantity]);
  return stock.flatMap((balance) => {
    const expected = sumOf(held.get(balance.sku) ?? []);
    const loads = log.filter(({ type, data }) => type === 'StockLevelApplied' && data.sku === balance.sku);
    const loaded = sumOf(loads.map(({ data }) => data.change));
    return [
      ...(sumOf([balance.held]) === expected ? [] : [`${balance.sku}: ${balance.held} held, the orders hold ${expected}`]),
      ...(sumOf([balance.free, balance.held]) === loaded ? [] : [`${balance.sku}: free + held is not what was loaded`]),
      ...(balance.free.startsWith('-') ? [`${balance.sku} is oversold: ${balance.free} free`] : []),
    ];
  });
};

/** Promise 5, discounts. */
const discountsAreExact = (discounts: Evidence['discounts'], orders: ReadonlyMap<string, OrderStory>): string[] =>
  discounts.flatMap(({ code, redeemed, maxRedemptions }) => {
    if (maxRedemptions === undefined) return [];
    const used = [...orders.values()].filter(({ discount }) => discount === code).length;
    return [
      ...(used === redeemed ? [] : [`${code}: ${redeemed} redeemed, ${used} orders used it`]),
      ...(redeemed <= maxRedemptions ? [] : [`${code}: ${redeemed} redeemed of ${maxRedemptions}`]),
    ];
  });

/** Promise 6, from outside: lists, figures and log say the same. */
const readModelAgrees = ({ readModel, stats }: Evidence, orders: ReadonlyMap<string, OrderStory>): string[] => {
  const count = (outcome: OrderStory['outcome']) => [...orders.values()].filter((story) => story.outcome === outcome).length;
  const figures = {
    accepted: orders.size,
    completed: count('completed'),
    rejected: count('rejected'),
    cancelled: count('cancelled'),
    stuck: 0,
    inFlight: 0,
  };
  return [
    ...[...orders].flatMap(([orderId, { orderNumber, outcome }]) =>
      readModel.get(orderId) === outcome ? [] : [`${orderNumber} is ${outcome}, the read model says ${readModel.get(orderId)}`],
    ),
    ...Object.entries(figures).flatMap(([name, expected]) => {
      const shown = stats[name as keyof typeof figures];
      return shown === expected ? [] : [`/stats says ${name} ${shown}, the log says ${expected}`];
    }),
  ];
};
