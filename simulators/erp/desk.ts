import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { answer, type Reply, type SimulatedRequest } from '../server.ts';
import type { ErpBehaviour } from './behaviour.ts';
import type { ErpEffect, ErpLedger } from './ledger.ts';

export interface DeskStats {
  requests: number;
  submissions: number;
  lookups: number;
  cancellations: number;
  answers: Record<string, number>;
}

const SILENCE: Reply = { kind: 'silence' };
const PAGE = '<!doctype html><title>Sign in</title><h1>Please sign in to continue</h1>';

/** The ERP's own work: takes orders, looks them up, cancels them, and misbehaves as it is told. Knows nothing of sockets. */
export class ErpDesk {
  readonly stats: DeskStats = { requests: 0, submissions: 0, lookups: 0, cancellations: 0, answers: {} };
  readonly #ledger: ErpLedger;
  readonly #clock: Clock;
  readonly #random: () => number;
  #second = 0;
  #takenInSecond = 0;

  constructor(ledger: ErpLedger, clock: Clock, random: () => number) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#random = random;
  }

  handle(request: SimulatedRequest, behaviour: ErpBehaviour): Reply {
    this.stats.requests += 1;
    const reply = this.#reply(request, behaviour);
    const outcome = reply.kind === 'answer' ? String(reply.status) : reply.kind;
    this.stats.answers[outcome] = (this.stats.answers[outcome] ?? 0) + 1;
    return reply;
  }

  #reply(request: SimulatedRequest, behaviour: ErpBehaviour): Reply {
    if (behaviour.outage === 'silent') return SILENCE;
    if (behaviour.outage !== 'none') return answer(503, { error: 'the ERP is down for maintenance' });
    if (behaviour.bearer !== '' && request.authorization !== `Bearer ${behaviour.bearer}`)
      return answer(401, { error: 'the credential is unknown or expired' }, { 'www-authenticate': 'Bearer error="invalid_token"' });
    if (this.#isOver(behaviour.rateLimitPerSecond))
      return answer(429, { error: 'too many requests' }, { 'retry-after': String(behaviour.retryAfterSeconds) });
    if (this.#happens(behaviour.failureRate)) return answer(500, { error: 'an unexpected error occurred' });

    const { method, url } = request;
    if (method === 'POST' && url === '/orders') return this.#submit(request, behaviour);
    if (method === 'GET' && url.startsWith('/orders?')) return this.#lookup(url, behaviour);
    const cancelled = method === 'POST' ? /^\/orders\/([^/?]+)\/cancel$/.exec(url)?.[1] : undefined;
    if (cancelled !== undefined) return this.#cancel(decodeURIComponent(cancelled), behaviour);
    return answer(404, { error: `${method} ${url} is not known here` });
  }

  #submit(request: SimulatedRequest, behaviour: ErpBehaviour): Reply {
    this.stats.submissions += 1;
    const order = parseOrder(request.body, request.idempotencyKey, this.#clock.now());
    if (typeof order === 'string') return answer(400, { error: order });
    if (behaviour.refusedCustomers.includes(order.effect.customerId))
      return answer(422, { error: `customer ${order.effect.customerId} is blocked` });
    const refused = order.skus.find((sku) => behaviour.refusedSkus.includes(sku));
    if (refused !== undefined) return answer(422, { error: `article ${refused} is not for sale` });

    const garbled = behaviour.garbage !== 'none' && this.#happens(behaviour.garbageRate);
    if (garbled && behaviour.garbage !== 'no-reference') return garbage(behaviour.garbage);
    if (this.#happens(behaviour.slowCommitRate)) {
      void this.#clock.sleep(behaviour.slowCommitMs).then(() => this.#make(order.effect, behaviour));
      return SILENCE;
    }
    const { effect, repeated } = this.#make(order.effect, behaviour);
    if (garbled) return answer(201, { accepted: true });
    if (this.#happens(behaviour.lostAnswerRate)) return { kind: 'drop' };
    if (this.#happens(behaviour.failAfterWorkRate)) return answer(500, { error: 'the answer could not be rendered' });
    return repeated
      ? answer(behaviour.repeatStatus, { erpRef: effect.erpRef, externalOrderId: effect.externalOrderId })
      : answer(201, { erpRef: effect.erpRef });
  }

  #make(order: Omit<ErpEffect, 'erpRef'>, behaviour: ErpBehaviour): { effect: ErpEffect; repeated: boolean } {
    const existing = behaviour.duplicates === 'refused' ? this.#ledger.byKey(order.key) : undefined;
    return existing
      ? { effect: existing, repeated: true }
      : { effect: this.#ledger.make({ ...order, madeAtMs: this.#clock.now() }), repeated: false };
  }

  #lookup(url: string, behaviour: ErpBehaviour): Reply {
    this.stats.lookups += 1;
    const externalOrderId = new URLSearchParams(url.slice(url.indexOf('?'))).get('externalOrderId');
    if (!externalOrderId) return answer(400, { error: 'externalOrderId is missing' });
    const visibleUntil = this.#clock.now() - behaviour.lookupDelayMs;
    const found = this.#ledger.ofOrder(externalOrderId).filter((effect) => effect.madeAtMs <= visibleUntil);
    return answer(
      200,
      found.map(({ erpRef, cancelledAtMs }) => ({ erpRef, externalOrderId, status: cancelledAtMs === undefined ? 'open' : 'cancelled' })),
    );
  }

  #cancel(erpRef: string, behaviour: ErpBehaviour): Reply {
    this.stats.cancellations += 1;
    if (behaviour.refuseCancellation) return answer(422, { error: `order ${erpRef} was shipped` });
    return this.#ledger.cancel(erpRef, this.#clock.now())
      ? answer(200, { erpRef, status: 'cancelled' })
      : answer(404, { error: `order ${erpRef} is not known here` });
  }

  #happens(rate: number): boolean {
    return rate > 0 && this.#random() < rate;
  }

  #isOver(perSecond: number): boolean {
    if (perSecond === 0) return false;
    const second = Math.floor(this.#clock.now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#takenInSecond = 0;
    }
    this.#takenInSecond += 1;
    return this.#takenInSecond > perSecond;
  }
}

const garbage = (kind: 'html' | 'endless' | 'redirect'): Reply => {
  if (kind === 'endless') return { kind: 'endless' };
  return kind === 'html'
    ? { kind: 'answer', status: 200, body: PAGE, headers: { 'content-type': 'text/html' } }
    : answer(302, {}, { location: 'https://login.erp.example/' });
};

interface ParsedOrder {
  readonly effect: Omit<ErpEffect, 'erpRef'>;
  readonly skus: readonly string[];
}

/** An order, or what is wrong with it. */
const parseOrder = (body: string, key: string | undefined, nowMs: number): ParsedOrder | string => {
  try {
    const order = JSON.parse(body) as Record<string, unknown>;
    for (const field of ['externalOrderId', 'orderNumber', 'partnerId', 'currency', 'customerId', 'subtotal', 'discount', 'total'])
      if (typeof order[field] !== 'string') return `${field} must be a string`;
    if (!Array.isArray(order['items']) || order['items'].length === 0) return 'items must be a list with at least one item';
    const { externalOrderId, customerId, currency, subtotal, discount, total } = order as Record<string, string>;
    return {
      effect: {
        key: key ?? externalOrderId!,
        externalOrderId: externalOrderId!,
        customerId: customerId!,
        currency: currency!,
        subtotal: subtotal!,
        discount: discount!,
        total: total!,
        madeAtMs: nowMs,
      },
      skus: (order['items'] as { readonly sku: string }[]).map((item) => item.sku),
    };
  } catch {
    return 'the body is not JSON';
  }
};
