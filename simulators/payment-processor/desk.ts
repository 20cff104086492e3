import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { answer, type Reply, type SimulatedRequest } from '../server.ts';
import { type ProcessorBehaviour, type Wish, wishOf } from './behaviour.ts';
import type { PaymentLedger, SimulatedPayment } from './ledger.ts';

export interface DeskStats {
  requests: number;
  authorizations: number;
  questions: number;
  lookups: number;
  reversals: number;
  answers: Record<string, number>;
}

const SILENCE: Reply = { kind: 'silence' };

/** The processor's own work: authorises, decides later, is asked, takes back, and misbehaves as it is told. Knows nothing of sockets. */
export class PaymentDesk {
  readonly stats: DeskStats = { requests: 0, authorizations: 0, questions: 0, lookups: 0, reversals: 0, answers: {} };
  readonly #ledger: PaymentLedger;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #tell: (payment: SimulatedPayment) => void;

  /** @param tell calls back about what was decided */
  constructor(ledger: PaymentLedger, clock: Clock, random: () => number, tell: (payment: SimulatedPayment) => void) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#random = random;
    this.#tell = tell;
    // What was to be decided when the process ended.
    for (const payment of ledger.payments()) this.#decideLater(payment);
  }

  handle(request: SimulatedRequest, behaviour: ProcessorBehaviour): Reply {
    this.stats.requests += 1;
    const reply = this.#reply(request, behaviour);
    const outcome = reply.kind === 'answer' ? String(reply.status) : reply.kind;
    this.stats.answers[outcome] = (this.stats.answers[outcome] ?? 0) + 1;
    return reply;
  }

  #reply(request: SimulatedRequest, behaviour: ProcessorBehaviour): Reply {
    if (behaviour.outage === 'silent') return SILENCE;
    if (behaviour.outage !== 'none') return answer(503, { error: 'the processor is down for maintenance' });
    if (behaviour.bearer !== '' && request.authorization !== `Bearer ${behaviour.bearer}`)
      return answer(401, { error: 'the credential is unknown or expired' }, { 'www-authenticate': 'Bearer error="invalid_token"' });
    if (this.#happens(behaviour.failureRate)) return answer(500, { error: 'an unexpected error occurred' });

    const { method, url } = request;
    if (method === 'POST' && url === '/payments') return this.#authorize(request, behaviour);
    if (method === 'GET' && url.startsWith('/payments?')) return this.#lookup(url);
    const [, ref, reverse] = /^\/payments\/([^/?]+)(\/reverse)?$/.exec(url) ?? [];
    const payment = ref === undefined ? undefined : this.#ledger.byRef(decodeURIComponent(ref));
    if (!payment) return answer(404, { error: `${method} ${url} is not known here` });
    if (method === 'GET' && reverse === undefined) {
      this.stats.questions += 1;
      return this.#told(this.#settled(payment), behaviour, 200);
    }
    return method === 'POST' && reverse !== undefined ? this.#reverse(payment, behaviour) : answer(405, { error: 'not so' });
  }

  #authorize(request: SimulatedRequest, behaviour: ProcessorBehaviour): Reply {
    this.stats.authorizations += 1;
    const asked = parsePayment(request.body);
    if (typeof asked === 'string') return answer(400, { error: asked });
    const key = request.idempotencyKey ?? asked.externalPaymentId;
    const known = this.#ledger.byKey(key);
    if (known) return this.#told(this.#settled(known), behaviour, 200);

    const wish = wishOf(asked.token);
    const payment = this.#make(asked, key, wish, behaviour);
    if (wish.lose || this.#happens(behaviour.lostAnswerRate)) return { kind: 'drop' };
    if (this.#happens(behaviour.failAfterWorkRate)) return answer(500, { error: 'the answer could not be rendered' });
    const told = this.#told(payment, behaviour, 201);
    return told.kind === 'answer' && wish.delayMs !== undefined ? { ...told, delayMs: wish.delayMs } : told;
  }

  #make({ externalPaymentId, amount, currency }: Asked, key: string, wish: Wish, behaviour: ProcessorBehaviour): SimulatedPayment {
    const reason = wish.decline ?? (this.#happens(behaviour.declineRate) ? behaviour.declineReason : undefined);
    const decision = reason === undefined ? ({ status: 'approved' } as const) : ({ status: 'declined', reason } as const);
    const laterMs = wish.laterMs ?? (this.#happens(behaviour.laterRate) ? behaviour.laterMs : undefined);
    const isLater = laterMs !== undefined || wish.never === true;
    const base = { paymentRef: this.#ledger.nextRef(), key, externalPaymentId, amount, currency };
    const payment: SimulatedPayment = {
      ...base,
      callbacks: wish.callbacks ?? behaviour.callbacks,
      ...(isLater
        ? { status: 'pending', willBe: decision, ...(laterMs !== undefined && { decidesAtMs: this.#clock.now() + laterMs }) }
        : decision),
    };
    this.#ledger.put(payment);
    if (isLater) this.#decideLater(payment);
    else if (wish.callbacks === 'twice') this.#call(payment);
    return payment;
  }

  #decideLater({ paymentRef, status, decidesAtMs }: SimulatedPayment): void {
    if (status !== 'pending' || decidesAtMs === undefined) return;
    void this.#clock.sleep(Math.max(0, decidesAtMs - this.#clock.now())).then(() => {
      const payment = this.#ledger.byRef(paymentRef);
      if (payment) this.#settled(payment);
    });
  }

  /** Decided, when it is time. */
  #settled(payment: SimulatedPayment): SimulatedPayment {
    const { status, decidesAtMs, willBe } = payment;
    if (status !== 'pending' || !willBe || decidesAtMs === undefined || this.#clock.now() < decidesAtMs) return payment;
    const decided = { ...payment, ...willBe };
    this.#ledger.put(decided);
    this.#call(decided);
    return decided;
  }

  #call(payment: SimulatedPayment): void {
    if (payment.callbacks === 'never') return;
    this.#tell(payment);
    if (payment.callbacks === 'twice') this.#tell(payment);
  }

  #told({ paymentRef, externalPaymentId, status, reason }: SimulatedPayment, { retryAfterSeconds }: ProcessorBehaviour, ok: number): Reply {
    const body = { paymentRef, externalPaymentId, status, ...(reason !== undefined && { reason }) };
    if (status !== 'pending') return answer(ok, body);
    return answer(202, body, retryAfterSeconds > 0 ? { 'retry-after': String(retryAfterSeconds) } : undefined);
  }

  #lookup(url: string): Reply {
    this.stats.lookups += 1;
    const externalPaymentId = new URLSearchParams(url.slice(url.indexOf('?'))).get('externalPaymentId');
    if (!externalPaymentId) return answer(400, { error: 'externalPaymentId is missing' });
    const found = this.#ledger.of(externalPaymentId).map((payment) => this.#settled(payment));
    return answer(
      200,
      found.map(({ paymentRef, status, reason }) => ({ paymentRef, externalPaymentId, status, ...(reason !== undefined && { reason }) })),
    );
  }

  #reverse(payment: SimulatedPayment, behaviour: ProcessorBehaviour): Reply {
    this.stats.reversals += 1;
    if (behaviour.refuseReversal) return answer(422, { error: `payment ${payment.paymentRef} is settled` });
    const { paymentRef, status } = payment;
    // A declined one holds nothing: it stays what it is.
    if (status === 'approved' || status === 'pending') this.#ledger.put({ ...payment, status: 'reversed' });
    return answer(200, { paymentRef, status: status === 'declined' ? status : 'reversed' });
  }

  #happens(rate: number): boolean {
    return rate > 0 && this.#random() < rate;
  }
}

interface Asked {
  readonly externalPaymentId: string;
  readonly amount: string;
  readonly currency: string;
  readonly token: string;
}

/** A payment, or what is wrong with it. */
const parsePayment = (body: string): Asked | string => {
  try {
    const asked = JSON.parse(body) as Record<string, unknown>;
    for (const field of ['externalPaymentId', 'paymentReference', 'partnerId', 'amount', 'currency'])
      if (typeof asked[field] !== 'string') return `${field} must be a string`;
    const token = (asked['method'] as { token?: unknown } | undefined)?.token;
    if (typeof token !== 'string') return 'method.token must be a string';
    const { externalPaymentId, amount, currency } = asked as Record<string, string>;
    return { externalPaymentId: externalPaymentId!, amount: amount!, currency: currency!, token };
  } catch {
    return 'the body is not JSON';
  }
};
