import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';
import { sumOf } from '@sagahub/contracts/money.ts';
import type { ErpEffect } from '@sagahub/simulators/erp/ledger.ts';
import type { Acceptance } from './witness.ts';

/** One line of `/api/v1/events`, as far as the checker looks. */
export interface LoggedEvent {
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly data: any;
  readonly metadata: { readonly partnerId?: string };
}

/** What a hub at rest shows from outside, all taken when nothing is in flight any more. */
export interface Evidence {
  /** Orders whose sender got a 202. */
  readonly accepted: readonly Acceptance[];
  /** What senders had to say, each a broken promise. */
  readonly complaints: readonly string[];
  readonly log: readonly LoggedEvent[];
  readonly ledger: readonly Pick<ErpEffect, 'externalOrderId' | 'total' | 'cancelledAtMs'>[];
  readonly stock: readonly { readonly sku: string; readonly free: string; readonly held: string }[];
  readonly discounts: readonly { readonly code: string; readonly redeemed: number; readonly maxRedemptions?: number }[];
  /** What the read model lists for each partner: order id to status. */
  readonly lists: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly stats: Readonly<Record<'accepted' | 'completed' | 'rejected' | 'cancelled' | 'stuck' | 'inFlight', number>>;
  /** Rows. */
  readonly openWork: number;
  /** Orders of which a subscriber that takes every message was told that they completed; absent: nobody subscribed. */
  readonly told?: ReadonlySet<string> | undefined;
  /** `intact`, or what the hub says is not. */
  readonly verification: string;
  /** What the hub says has drifted, each a sentence. */
  readonly drift: readonly string[];
}

interface OrderStory {
  readonly partnerId: string;
  readonly orderNumber: string;
  readonly submission: number;
  /** Held quantity by SKU. */
  readonly items: ReadonlyMap<string, string>;
  readonly discount: string | undefined;
  readonly outcome: 'completed' | 'rejected' | 'cancelled' | 'open';
  /** An operator left something as it is. */
  readonly partial: boolean;
  readonly total: string | undefined;
}
type Stories = ReadonlyMap<string, OrderStory>;

/**
 * Compares what every part says with the promises of a hub (design 8). Returns one sentence per broken promise; none is the aim.
 */
export const brokenPromises = (evidence: Evidence): string[] => {
  const orders = storiesOf(evidence.log);
  return [
    ...evidence.complaints,
    ...acceptedIsDurable(evidence, orders),
    ...oneOrderPerNumber(orders),
    ...everyOrderEnds(evidence, orders),
    ...oneEffectPerOrder(evidence.ledger, orders),
    ...stockIsExact(evidence, orders),
    ...discountsAreExact(evidence.discounts, orders),
    ...readModelAgrees(evidence, orders),
    ...subscribersAreTold(evidence, orders),
    ...partnersAreApart(evidence, orders),
    ...(evidence.verification === 'intact' ? [] : [`the history does not verify: ${evidence.verification}`]),
  ];
};

/** Promise 7, and of promise 8 that nobody is told of what others do. */
const subscribersAreTold = ({ told, log, lists }: Evidence, orders: Stories): string[] => {
  if (!told) return [];
  const [subscriber = ''] = lists.keys();
  const wanted = new Set(completedOf(log, subscriber));
  return [
    ...[...wanted]
      .filter((orderId) => !told.has(orderId))
      .map((orderId) => `no subscriber was told that ${orders.get(orderId)?.orderNumber} (${orderId}) completed`),
    ...[...told]
      .filter((orderId) => !wanted.has(orderId))
      .map((orderId) => `${subscriber} was told that ${orderId} completed, which is not theirs`),
  ];
};

/** Promise 8, as far as lists show. */
const partnersAreApart = ({ lists }: Evidence, orders: Stories): string[] =>
  [...lists].flatMap(([partner, listed]) =>
    [...listed.keys()]
      .filter((orderId) => (orders.get(orderId)?.partnerId ?? partner) !== partner)
      .map((orderId) => `${partner} is shown ${orderId}, which is of ${orders.get(orderId)?.partnerId}`),
  );

const orderIdOf = (stream: string): string => stream.slice('order-'.length);

/** Ids of the orders of a partner that completed. */
export const completedOf = (log: readonly LoggedEvent[], partner: string): readonly string[] =>
  log.filter(({ type, metadata }) => type === 'OrderCompleted' && metadata.partnerId === partner).map(({ stream }) => orderIdOf(stream));

const storiesOf = (log: readonly LoggedEvent[]): Stories => {
  const stories = new Map<string, OrderStory>();
  for (const { stream, type, data, metadata } of log) {
    if (!stream.startsWith('order-')) continue;
    const orderId = orderIdOf(stream);
    const { partnerId = '' } = metadata;
    stories.set(orderId, retell(stories.get(orderId) ?? { ...UNTOLD, partnerId }, type as OrderEvent['type'], data));
  }
  return stories;
};

const UNTOLD: OrderStory = {
  partnerId: '',
  orderNumber: '',
  submission: 1,
  items: new Map(),
  discount: undefined,
  outcome: 'open',
  partial: false,
  total: undefined,
};

const retell = (story: OrderStory, type: OrderEvent['type'], data: any): OrderStory => {
  switch (type) {
    case 'OrderReceived':
      return { ...story, orderNumber: data.orderNumber, submission: data.submission };
    case 'StockReserved':
      return { ...story, items: new Map(data.items.map((item: { sku: string; quantity: string }) => [item.sku, item.quantity])) };
    case 'StockReleased':
      return { ...story, items: new Map() };
    case 'DiscountApplied':
      return { ...story, discount: data.code };
    case 'DiscountReleased':
      return { ...story, discount: undefined };
    case 'OrderCompleted':
      return { ...story, outcome: 'completed', total: data.total };
    case 'OrderRejected':
      return { ...story, outcome: 'rejected', partial: data.compensation === 'partial' };
    case 'OrderCancelled':
      return { ...story, outcome: 'cancelled', partial: data.compensation === 'partial' };
    case 'OrderSentToErp':
      return story.outcome === 'completed' ? story : { ...story, outcome: 'open' };
    case 'ErpCancellationRequested':
      return { ...story, outcome: 'open' };
    default:
      return story;
  }
};

/** Promise 1. */
const acceptedIsDurable = ({ accepted }: Evidence, orders: Stories): string[] =>
  accepted.flatMap(({ orderId, orderNumber, submission }) => {
    const story = orders.get(orderId);
    if (!story) return [`${orderNumber} was answered 202 and is not in the log`];
    const isSame = story.orderNumber === orderNumber && story.submission === submission;
    return isSame ? [] : [`${orderNumber} was answered 202 as ${orderId}, which is ${story.orderNumber} in the log`];
  });

/** Promise 2. */
const oneOrderPerNumber = (orders: Stories): string[] => {
  const counts = new Map<string, number>();
  for (const { partnerId, orderNumber, submission } of orders.values()) {
    const name = `${orderNumber} of ${partnerId}${submission === 1 ? '' : ` (submission ${submission})`}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > 1).map(([name, count]) => `${name} is in the log ${count} times`);
};

/** Promise 3. */
const everyOrderEnds = ({ openWork }: Evidence, orders: Stories): string[] => [
  ...[...orders.values()].filter(({ outcome }) => outcome === 'open').map(({ orderNumber }) => `${orderNumber} has not ended`),
  ...(openWork === 0 ? [] : [`${openWork} rows of open work are left`]),
];

/** Promise 4. */
const oneEffectPerOrder = (ledger: Evidence['ledger'], orders: Stories): string[] => {
  const live = new Map<string, string[]>();
  for (const { externalOrderId, total, cancelledAtMs } of ledger)
    if (cancelledAtMs === undefined) live.set(externalOrderId, [...(live.get(externalOrderId) ?? []), total]);
  const wrong = [...orders].flatMap(([orderId, { orderNumber, outcome, partial, total }]) => {
    const effects = live.get(orderId) ?? [];
    if (partial) return [];
    if (effects.length !== (outcome === 'completed' ? 1 : 0))
      return [`${orderNumber} is ${outcome} and has ${effects.length} live effects at the ERP`];
    return effects.every((charged) => charged === total) ? [] : [`${orderNumber} comes to ${total}, and to ${effects[0]} at the ERP`];
  });
  const unknown = [...live.keys()].filter((orderId) => !orders.has(orderId)).map((orderId) => `the ERP holds ${orderId}, the log does not`);
  return [...wrong, ...unknown];
};

/** Promise 5, stock. */
const stockIsExact = ({ stock, log }: Evidence, orders: Stories): string[] => {
  const held = new Map<string, string[]>();
  for (const { items } of orders.values()) for (const [sku, quantity] of items) held.set(sku, [...(held.get(sku) ?? []), quantity]);
  const known = new Set(stock.map(({ sku }) => sku));
  const set = new Set(log.filter(({ type }) => type === 'StockLevelSet').map(({ data }) => data.sku as string));
  const missing = [...set].filter((sku) => !known.has(sku)).map((sku) => `${sku} was set and is not in stock`);
  const wrong = stock.flatMap((balance) => {
    const expected = sumOf(held.get(balance.sku) ?? []);
    const ofSku = log.filter(({ stream, data }) => stream.startsWith('stock-') && data.sku === balance.sku);
    const loads = ofSku.filter(({ type }) => type === 'StockLevelApplied');
    const loaded = sumOf(loads.map(({ data }) => data.change));
    const sets = ofSku.filter(({ type }) => type === 'StockLevelSet');
    return [
      ...(sumOf([balance.held]) === expected ? [] : [`${balance.sku}: ${balance.held} held, the orders hold ${expected}`]),
      ...(sumOf([balance.free, balance.held]) === loaded ? [] : [`${balance.sku}: free + held is not what was loaded`]),
      ...(balance.free.startsWith('-') ? [`${balance.sku} is oversold: ${balance.free} free`] : []),
      ...(sets.length === loads.length ? [] : [`${balance.sku} was set ${sets.length} times and loaded ${loads.length} times`]),
    ];
  });
  return [...missing, ...wrong];
};

/** Promise 5, discounts. */
const discountsAreExact = (discounts: Evidence['discounts'], orders: Stories): string[] =>
  discounts.flatMap(({ code, redeemed, maxRedemptions }) => {
    if (maxRedemptions === undefined) return [];
    const used = [...orders.values()].filter(({ discount }) => discount === code).length;
    return [
      ...(used === redeemed ? [] : [`${code}: ${redeemed} redeemed, ${used} orders used it`]),
      ...(redeemed <= maxRedemptions ? [] : [`${code}: ${redeemed} redeemed of ${maxRedemptions}`]),
    ];
  });

/** Promise 6: lists, figures and log say the same, and so does the hub about itself. */
const readModelAgrees = ({ lists, stats, drift }: Evidence, orders: Stories): string[] => {
  const readModel = new Map([...lists.values()].flatMap((listed) => [...listed]));
  const count = (outcome: OrderStory['outcome']) => [...orders.values()].filter((story) => story.outcome === outcome).length;
  const figures = {
    accepted: orders.size,
    completed: count('completed'),
    rejected: count('rejected'),
    cancelled: count('cancelled'),
    stuck: 0,
    inFlight: count('open'),
  };
  return [
    ...[...orders].flatMap(([orderId, { orderNumber, outcome }]) =>
      outcome === 'open' || readModel.get(orderId) === outcome
        ? []
        : [`${orderNumber} is ${outcome}, the read model says ${readModel.get(orderId)}`],
    ),
    ...[...readModel.keys()]
      .filter((orderId) => !orders.has(orderId))
      .map((orderId) => `the read model lists ${orderId}, the log does not`),
    ...Object.entries(figures).flatMap(([name, expected]) => {
      const shown = stats[name as keyof typeof figures];
      return shown === expected ? [] : [`/stats says ${name} ${shown}, the log says ${expected}`];
    }),
    ...drift.map((found) => `what is derived from the log differs from it: ${found}`),
  ];
};
