import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { anOrder } from '@sagahub/hub/harness/orders.ts';
import type { Stranger } from './evidence.ts';
import { isConnectionLost } from './lost-connection.ts';
import type { Acceptance, Witness } from './witness.ts';

export type Random = () => number;
export const pick = <T>(random: Random, choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!;

/** Plenty, scarce, and one that the ERP does not take. */
export const SKUS = ['SKU-A', 'SKU-B', 'SKU-C'];
export const REFUSED_SKU = 'SKU-REFUSED';
/** Used up soon. */
export const SCARCE_DISCOUNT = 'FAULTS10';
export const DISCOUNT = 'ALWAYS5';

export interface Load {
  readonly demo: ApiClient;
  readonly operator: ApiClient;
  readonly witness: Witness;
  /** Another partner, who sends orders under the same numbers and tries to look at those of the first. Default: nobody. */
  readonly stranger?: Stranger | undefined;
  readonly random: Random;
  /** Of all order numbers sent, so that they are new. */
  readonly prefix: string;
  /** Aborted when the hub has been killed, or when it has been enough. */
  readonly signal: AbortSignal;
  /**
   * Where a part of the hub fails and the rest goes on: answers that are excused are no broken promise, and no call is given up. Default: the
   * hub dies as a whole, and no answer is excused.
   */
  readonly excused?: (answer: Answer) => boolean;
  /** Nothing fails, so that every call has an answer. Default false. */
  readonly alwaysThere?: boolean;
  /** Of each sender after each act, where the hub goes on. Default 50. */
  readonly pauseMs?: number;
  /** While it says so nobody begins anything. Default: never. */
  readonly isHeld?: () => boolean;
}

/** What the senders share: a load, and when calls are given up. */
interface Sending extends Load {
  readonly calls: AbortSignal;
}

const SENDERS = 4;
/** There is to be load at all times, and time for what is started anew. */
const PAUSE_MS = 50;

/**
 * Partners and an operator who do all they may, without caring that the hub dies under them: orders with repeats and rivals under one
 * number, cancellations, resubmissions, look-ups; stock loads, discounts, breakers by hand, redrives that race. Resolves when the signal aborts.
 */
export const runLoad = async (wanted: Load): Promise<void> => {
  // A hub that goes on may still carry out what was given up, and nobody would know when.
  const load: Sending = { ...wanted, calls: wanted.excused ? new AbortController().signal : wanted.signal };
  await Promise.all([
    ...Array.from({ length: SENDERS }, (_, index) => repeatedly(load, (n) => send(load, `${load.prefix}-${index + 1}-${n}`))),
    repeatedly(load, () => regret(load)),
    repeatedly(load, (n) => operate(load, n)),
  ]);
};

/** Acts until the signal aborts. A hub that is gone is tried again after a pause: either the signal follows, or the hub comes back. */
const repeatedly = async (load: Sending, act: (n: number) => Promise<readonly Answer[]>): Promise<void> => {
  const { signal, witness, excused, pauseMs = PAUSE_MS, isHeld = () => false } = load;
  for (let n = 1; !signal.aborted; n++) {
    if (isHeld()) {
      await sleep(pauseMs);
      continue;
    }
    let isGone = false;
    try {
      for (const answer of await act(n))
        if (answer.status >= 500 && !excused?.(answer)) witness.complaints.add(`somebody was answered ${answer.status}: ${answer.text}`);
    } catch (error) {
      if (signal.aborted) return; // what was under way may or may not have been done
      if (!isHubGone(error)) throw error;
      isGone = true;
      if (load.alwaysThere) witness.complaints.add(`somebody got no answer: ${String((error as Error).cause ?? error)}`);
    }
    if (excused || isGone) await sleep(pauseMs);
  }
};

/** Says what the hub made of the call, and not only that it could not. */
const isFinal = ({ excused }: Load, answer: Answer): boolean => answer.status < 500 && excused?.(answer) !== true;

/** Of the whole hub, and of a part that gives out tokens. */
const GONE = /is not running$|^no token for \w+: 503 /;
const isHubGone = (error: unknown): boolean =>
  isConnectionLost(error) || (error instanceof Error && (GONE.test(error.message) || error.name === 'AbortError'));

const contentFor = (random: Random) => {
  const sku = random() < 0.04 ? REFUSED_SKU : pick(random, SKUS);
  const lines = [{ sku, quantity: String(1 + Math.floor(random() * 3)), unitPrice: (1 + random() * 20).toFixed(2) }];
  const draw = random();
  return { lines, ...(draw < 0.3 && { discountCode: draw < 0.15 ? SCARCE_DISCOUNT : DISCOUNT }) };
};

/** How often a stranger happens to have the same number. */
const SAME_NUMBER = 0.15;

/** A new order, and sometimes one of somebody else under the same number and key. */
const send = async (load: Sending, orderNumber: string): Promise<readonly Answer[]> => {
  const { stranger, random } = load;
  const own = sendOwn(load, orderNumber);
  if (!stranger || random() > SAME_NUMBER) return own;
  const theirs = post(
    { ...load, demo: stranger.partner, witness: stranger.witness },
    orderNumber,
    contentFor(random),
    `key-${orderNumber}`,
  );
  return (await Promise.all([own, theirs.then((answer) => [answer])])).flat();
};

/** Mostly once, sometimes many times at once: under one key, under many, with other contents. */
const sendOwn = async (load: Sending, orderNumber: string): Promise<readonly Answer[]> => {
  const { random } = load;
  const content = contentFor(random);
  const draw = random();
  if (draw < 0.75) return [await post(load, orderNumber, content)];
  if (draw < 0.85) return Promise.all([1, 2, 3].map(() => post(load, orderNumber, content, `key-${orderNumber}`)));
  if (draw < 0.95) return Promise.all([1, 2, 3].map((copy) => post(load, orderNumber, content, `key-${orderNumber}-${copy}`)));
  return Promise.all([post(load, orderNumber, content), post(load, orderNumber, contentFor(random))]);
};

const post = async (load: Sending, orderNumber: string, content: object, key?: string): Promise<Answer> => {
  const { demo, witness, calls } = load;
  const call = demo.call('POST', '/api/v1/orders', {
    body: anOrder(orderNumber, { ...content }),
    signal: calls,
    ...(key !== undefined && { headers: { 'idempotency-key': key } }),
  });
  const answer = await call.catch((error: unknown) => {
    witness.lose(orderNumber, JSON.stringify(content));
    throw error;
  });
  if (answer.status === 202) witness.accept({ orderId: answer.body.orderId, orderNumber, submission: 1 }, JSON.stringify(content));
  else if (isFinal(load, answer) && (answer.status !== 422 || answer.body.code !== 'HUB_ORDER_NUMBER_REUSED'))
    witness.complaints.add(`a new order was answered ${answer.status}: ${answer.text}`);
  return answer;
};

/** Orders are cancelled while they are under way: before, between and during their calls at the ERP. */
const REGRETS = ['look', 'spy', 'repeat', 'cancel', 'cancel', 'cancel', 'cancel', 'cancel', 'resubmit'] as const;

/** Comes back to an order of before: sends it again when no answer came; else looks at it, sends it again, cancels it, resubmits it. */
const regret = async (load: Sending): Promise<readonly Answer[]> => {
  const { demo, stranger, witness, random, signal, calls } = load;
  await sleep(random() * 20, undefined, { signal });
  const lost = witness.takeLost();
  if (lost) return [await post(load, lost.orderNumber, JSON.parse(lost.content) as object)];
  const act = pick(random, REGRETS);
  const known = act === 'cancel' ? witness.recent(random()) : witness.any(random());
  if (!known) return [];
  const path = `/api/v1/orders/${known.orderId}`;
  switch (act) {
    case 'look': {
      const answer = await demo.call('GET', path, { signal: calls });
      if (answer.status !== 200 && isFinal(load, answer))
        witness.complaints.add(`${known.orderNumber} was accepted, and looking at it answered ${answer.status}`);
      return [answer];
    }
    case 'spy': {
      if (!stranger) return [];
      const answer = await stranger.partner.call('GET', path, { signal: calls });
      if (answer.status !== 404 && isFinal(load, answer))
        witness.complaints.add(`a stranger who looked at ${known.orderNumber} was answered ${answer.status}`);
      return [answer];
    }
    case 'repeat':
      return known.submission > 1 ? [] : [await post(load, known.orderNumber, JSON.parse(witness.contentOf(known)) as object)];
    case 'cancel': {
      const answer = await demo.call('POST', `${path}/cancel`, { body: { reason: 'changed my mind' }, signal: calls });
      if (answer.status !== 202 && answer.status !== 409 && isFinal(load, answer))
        witness.complaints.add(`cancelling ${known.orderNumber} was answered ${answer.status}: ${answer.text}`);
      return [answer];
    }
    default:
      return Promise.all([resubmit(load, known), resubmit(load, known)]);
  }
};

const resubmit = async (load: Sending, known: Acceptance): Promise<Answer> => {
  const { demo, witness, random, calls } = load;
  const content = contentFor(random);
  const body = anOrder(known.orderNumber, { ...content });
  const answer = await demo.call('POST', `/api/v1/orders/${known.orderId}/resubmit`, { body, signal: calls });
  const { orderNumber, submission } = known;
  if (answer.status === 202)
    witness.accept({ orderId: answer.body.orderId, orderNumber, submission: submission + 1 }, JSON.stringify(content));
  else if (answer.status !== 409 && answer.status !== 422 && isFinal(load, answer))
    witness.complaints.add(`a resubmission was answered ${answer.status}: ${answer.text}`);
  return answer;
};

const operate = async (load: Sending, n: number): Promise<readonly Answer[]> => {
  const { operator, witness, prefix, random, signal, calls } = load;
  await sleep(random() * 60, undefined, { signal });
  const call = (method: string, path: string, body?: unknown) =>
    operator.call(method, `/api/v1/admin/${path}`, { signal: calls, ...(body !== undefined && { body }) });
  const reason = { reason: 'a drill' };
  switch (pick(random, ['stock', 'stock', 'discount', 'breaker', 'letters', 'letters', 'letters'])) {
    case 'stock': {
      const items = SKUS.map((sku) => ({ sku, available: String(Math.floor(random() * 60)) }));
      // Loaded once: no later load makes up for what a kill cut short.
      const onlyOnce = { sku: `${prefix}-STOCK-${n}`, available: '1' };
      return Promise.all([call('PUT', 'inventory', { items: [...items, onlyOnce] }), call('PUT', 'inventory', { items: items.slice(1) })]);
    }
    case 'discount':
      return [await call('PUT', 'discounts', { items: [{ code: SCARCE_DISCOUNT, percent: '10', maxRedemptions: 15 }] })];
    case 'breaker': {
      const opened = await call('POST', 'breakers/erp/open', reason);
      await sleep(random() * 100, undefined, { signal });
      return [opened, await call('POST', 'breakers/erp/close', reason)];
    }
    default: {
      const { body } = await call('GET', 'dead-letters?state=open&limit=20');
      const letter = pick(random, (body.items ?? []) as { deadLetterId: string }[])?.deadLetterId;
      if (letter === undefined) return [];
      const acts = random() < 0.2 ? ['redrive', 'discard'] : ['redrive', 'redrive'];
      const [job, ...answers] = await Promise.all([
        call('POST', 'redrives', { filter: {}, ...reason }),
        ...acts.map((act) => call('POST', `dead-letters/${letter}/${act}`, reason)),
      ]);
      if (job.status !== 202 && isFinal(load, job)) witness.complaints.add(`a redrive was answered ${job.status}: ${job.text}`);
      return [job, ...answers];
    }
  }
};
