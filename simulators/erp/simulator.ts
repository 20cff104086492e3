import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import { seededRandom } from '../random.ts';
import { type ErpBehaviour, parseBehaviour, WELL_BEHAVED } from './behaviour.ts';
import { type DeskStats, ErpDesk, type Reply } from './desk.ts';
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
export interface ErpSimulator extends AsyncDisposable {
  /** What `ERP_URL` is set to. */
  readonly url: string;
  readonly controlUrl: string;
  readonly behaviour: ErpBehaviour;
  readonly ledger: ErpLedger;
  stats(): ErpStats;
  /** Changes the members given; resolves when the change is in force. */
  behave(change: Partial<ErpBehaviour>): Promise<void>;
}

const MACHINE_CLOCK: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    }),
};
const JSON_HEADERS = { 'content-type': 'application/json' };

export const startErpSimulator = async (options: ErpSimulatorOptions = {}): Promise<ErpSimulator> => {
  const { host = '127.0.0.1', clock = MACHINE_CLOCK } = options;
  const random = seededRandom(options.seed ?? 1);
  const ledger = new ErpLedger(options.folder);
  const desk = new ErpDesk(ledger, clock, random);
  let behaviour: ErpBehaviour = { ...WELL_BEHAVED, ...options.behaviour };
  const stats = (): ErpStats => ({ ...desk.stats, ledger: ledger.totals() });

  const serveErp = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    const reply = desk.handle(
      {
        method: request.method ?? 'GET',
        url: request.url ?? '/',
        authorization: request.headers.authorization,
        idempotencyKey: request.headers['idempotency-key'] as string | undefined,
        body,
      },
      behaviour,
    );
    const { latencyMs, jitterMs } = behaviour;
    if (latencyMs + jitterMs === 0) ledger.whenKept(() => send(response, reply));
    else void clock.sleep(latencyMs + jitterMs * random()).then(() => ledger.whenKept(() => send(response, reply)));
  };

  const serveControl = async (request: IncomingMessage, response: ServerResponse, body: string): Promise<void> => {
    const json = (status: number, value: unknown) => response.writeHead(status, JSON_HEADERS).end(JSON.stringify(value));
    switch (`${request.method} ${request.url}`) {
      case 'GET /_simulator/behaviour':
        return void json(200, behaviour);
      case 'PUT /_simulator/behaviour':
        try {
          const change = parseBehaviour(JSON.parse(body));
          json(200, { ...behaviour, ...change });
          return await behave(change);
        } catch (error) {
          return void (response.headersSent || json(400, { error: (error as Error).message }));
        }
      case 'GET /_simulator/ledger':
        response.writeHead(200, { 'content-type': 'application/x-ndjson' });
        for (const effect of ledger.effects()) response.write(`${JSON.stringify(effect)}\n`);
        return void response.end();
      case 'DELETE /_simulator/ledger':
        ledger.clear();
        return void response.writeHead(204).end();
      case 'GET /_simulator/stats':
        return void json(200, stats());
      default:
        return void json(404, { error: 'there are behaviour, ledger and stats' });
    }
  };

  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      if (request.url?.startsWith('/_simulator/')) void serveControl(request, response, body);
      else serveErp(request, response, body);
    });
  };

  const erp = server(serve);
  const control = server(serve);
  const port = await listen(erp, options.port ?? 0, host);
  const controlPort = await listen(control, 0, host);

  const behave = async (change: Partial<ErpBehaviour>): Promise<void> => {
    behaviour = { ...behaviour, ...change };
    const closed = behaviour.outage === 'refused';
    if (closed && erp.listening) await close(erp);
    else if (!closed && !erp.listening) await listen(erp, port, host);
  };
  if (behaviour.outage === 'refused') await close(erp);

  return {
    url: `http://${host}:${port}`,
    controlUrl: `http://${host}:${controlPort}`,
    get behaviour() {
      return behaviour;
    },
    ledger,
    stats,
    behave,
    async [Symbol.asyncDispose]() {
      if (erp.listening) await close(erp);
      await close(control);
      ledger.close();
    },
  };
};

const server = (serve: (request: IncomingMessage, response: ServerResponse) => void): Server =>
  createServer({ keepAliveTimeout: 65_000, requestTimeout: 0, noDelay: true }, serve);

const listen = (target: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    target.once('error', reject);
    target.listen(port, host, () => {
      target.off('error', reject);
      resolve((target.address() as AddressInfo).port);
    });
  });

const close = (target: Server): Promise<void> =>
  new Promise((resolve) => {
    target.close(() => resolve());
    target.closeAllConnections();
  });

const send = (response: ServerResponse, reply: Reply): void => {
  switch (reply.kind) {
    case 'answer':
      response
        .writeHead(reply.status, { ...JSON_HEADERS, 'content-length': Buffer.byteLength(reply.body), ...reply.headers })
        .end(reply.body);
      return;
    case 'drop':
      response.destroy();
      return;
    case 'silence':
      return;
    case 'endless':
      response.writeHead(200, JSON_HEADERS);
      pour(response);
  }
};

/** JSON that opens a string and never closes it, until the caller hangs up. */
const pour = (response: ServerResponse): void => {
  const chunk = 'x'.repeat(64 * 1024);
  const more = () => {
    if (!response.destroyed && response.write(chunk)) setImmediate(more);
  };
  response.on('drain', more);
  response.write('{"erpRef":"');
  more();
};
