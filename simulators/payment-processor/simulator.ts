import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { seededRandom } from '../random.ts';
import { MACHINE_CLOCK, type RunningSystem, startSystem } from '../server.ts';
import { parseBehaviour, type ProcessorBehaviour, WELL_BEHAVED } from './behaviour.ts';
import { Callbacks, type CallbackTarget } from './callbacks.ts';
import { type DeskStats, PaymentDesk } from './desk.ts';
import { PaymentLedger, type PaymentTotals } from './ledger.ts';

export interface PaymentSimulatorOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly behaviour?: Partial<ProcessorBehaviour>;
  /** Where the ledger is kept, so that it survives a kill of this process; absent: in memory. */
  readonly folder?: string;
  /** Of everything that happens by chance. Default 1. */
  readonly seed?: number;
  /** Time of latencies and delays; default: the machine's. */
  readonly clock?: Clock;
}

export interface PaymentStats extends DeskStats {
  readonly ledger: PaymentTotals;
  /** How many callbacks were answered with each status; 0: not at all. */
  readonly callbacks: Readonly<Record<string, number>>;
}

/**
 * A payment processor that keeps the processor contract, or breaks it on demand, over real sockets. What becomes of a payment can be asked
 * for in its token (`wishOf`), or of all by the behaviour.
 *
 * | control endpoint                | does                                                              |
 * |---------------------------------|-------------------------------------------------------------------|
 * | `GET  /_simulator/behaviour`    | the behaviour in force                                            |
 * | `PUT  /_simulator/behaviour`    | changes the members given, answers the behaviour in force         |
 * | `GET  /_simulator/ledger`       | every payment, one JSON object per line                           |
 * | `GET  /_simulator/stats`        | calls, answers, callbacks and the ledger's totals                 |
 */
export interface PaymentSimulator extends RunningSystem<ProcessorBehaviour> {
  readonly ledger: PaymentLedger;
  stats(): PaymentStats;
  /** Where it calls back from now on. */
  callBack(target: CallbackTarget): void;
}

export const startPaymentSimulator = async (options: PaymentSimulatorOptions = {}): Promise<PaymentSimulator> => {
  const { clock = MACHINE_CLOCK, port, host } = options;
  const random = seededRandom(options.seed ?? 1);
  const ledger = new PaymentLedger(options.folder);
  const callbacks = new Callbacks(clock);
  const desk = new PaymentDesk(ledger, clock, random, (payment) => ledger.whenKept(() => void callbacks.tell(payment)));
  const stats = (): PaymentStats => ({ ...desk.stats, ledger: ledger.totals(), callbacks: callbacks.answers });
  const running = await startSystem<ProcessorBehaviour>({
    port,
    host,
    clock,
    random,
    behaviour: { ...WELL_BEHAVED, ...options.behaviour },
    parse: parseBehaviour,
    handle: (request, behaviour) => desk.handle(request, behaviour),
    whenKept: (callback) => ledger.whenKept(callback),
    controls: { 'GET ledger': () => ({ lines: ledger.payments() }), 'GET stats': () => ({ json: stats() }) },
    close: () => {
      callbacks.stop();
      ledger.close();
    },
  });
  return {
    url: running.url,
    controlUrl: running.controlUrl,
    get behaviour() {
      return running.behaviour;
    },
    ledger,
    stats,
    callBack: (target) => {
      callbacks.target = target;
    },
    behave: (change) => running.behave(change),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
};
