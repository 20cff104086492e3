import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { seededRandom } from '../random.ts';
import { MACHINE_CLOCK, type RunningSystem, startSystem } from '../server.ts';
import { type ErpBehaviour, parseBehaviour, WELL_BEHAVED } from './behaviour.ts';
import { type DeskStats, ErpDesk } from './desk.ts';
import { ErpLedger, type LedgerTotals } from './ledger.ts';

export interface ErpSimulatorOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly behaviour?: Partial<ErpBehaviour>;
  /** Where the ledger is kept, so that it survives a kill of this process; absent: in memory. */
  readonly folder?: string;
  /** Of everything that happens by chance. Default 1. */
  readonly seed?: number;
  /** Time of latencies and delays; default: the machine's. */
  readonly clock?: Clock;
}

export interface ErpStats extends DeskStats {
  readonly ledger: LedgerTotals;
}

/**
 * An ERP that keeps the ERP contract, or breaks it on demand, over real sockets.
 *
 * | control endpoint                | does                                                              |
 * |---------------------------------|-------------------------------------------------------------------|
 * | `GET  /_simulator/behaviour`    | the behaviour in force                                            |
 * | `PUT  /_simulator/behaviour`    | changes the members given, answers the behaviour in force         |
 * | `GET  /_simulator/ledger`       | every effect, one JSON object per line                            |
 * | `DELETE /_simulator/ledger`     | forgets all effects                                               |
 * | `GET  /_simulator/stats`        | calls, answers and the ledger's totals                            |
 *
 * They are served beside the ERP's own and on `controlUrl`, which answers even while the ERP's socket is closed.
 */
export interface ErpSimulator extends RunningSystem<ErpBehaviour> {
  readonly ledger: ErpLedger;
  stats(): ErpStats;
}

export const startErpSimulator = async (options: ErpSimulatorOptions = {}): Promise<ErpSimulator> => {
  const { clock = MACHINE_CLOCK, port, host } = options;
  const random = seededRandom(options.seed ?? 1);
  const ledger = new ErpLedger(options.folder);
  const desk = new ErpDesk(ledger, clock, random);
  const stats = (): ErpStats => ({ ...desk.stats, ledger: ledger.totals() });
  const running = await startSystem<ErpBehaviour>({
    port,
    host,
    clock,
    random,
    behaviour: { ...WELL_BEHAVED, ...options.behaviour },
    parse: parseBehaviour,
    handle: (request, behaviour) => desk.handle(request, behaviour),
    whenKept: (callback) => ledger.whenKept(callback),
    controls: {
      'GET ledger': () => ({ lines: ledger.effects() }),
      'DELETE ledger': () => {
        ledger.clear();
        return undefined;
      },
      'GET stats': () => ({ json: stats() }),
    },
    close: () => ledger.close(),
  });
  return {
    url: running.url,
    controlUrl: running.controlUrl,
    get behaviour() {
      return running.behaviour;
    },
    ledger,
    stats,
    behave: (change) => running.behave(change),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
};
