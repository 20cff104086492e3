/** What simulated systems have in common: a socket that can be closed on purpose, answers that go wrong, and a second way in to steer them. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';

/** What a caller gets: an answer, a dropped connection, silence, or a body without an end. */
export type Reply =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
      /** Beside what the behaviour says. */
      readonly delayMs?: number;
    }
  | { readonly kind: 'drop' | 'silence' | 'endless' };

export const answer = (status: number, body: unknown, headers?: Readonly<Record<string, string>>): Reply => ({
  kind: 'answer',
  status,
  body: JSON.stringify(body),
  ...(headers && { headers }),
});

export interface SimulatedRequest {
  readonly method: string;
  /** Path and query, without the base path. */
  readonly url: string;
  readonly authorization: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly body: string;
}

/** How any simulated system behaves. */
export interface AnyBehaviour {
  /** Before each answer, plus up to `jitterMs` more. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** `unavailable`: answers 503. `refused`: the listening socket is closed. `silent`: accepts calls and never answers. */
  readonly outage: 'none' | 'unavailable' | 'refused' | 'silent';
}

/** What a control endpoint answers: a value as JSON, or many, one a line; nothing: 204. */
export type Control = () => { readonly json: unknown } | { readonly lines: Iterable<unknown> } | undefined;

export interface SimulatedSystem<Behaviour extends AnyBehaviour> {
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly behaviour: Behaviour;
  /** Reads a change sent to the control endpoint. @throws TypeError naming the member that is wrong */
  readonly parse: (input: unknown) => Partial<Behaviour>;
  readonly handle: (request: SimulatedRequest, behaviour: Behaviour) => Reply;
  /** Calls back once everything done so far survives a kill. */
  readonly whenKept: (callback: () => void) => void;
  /** By method and name, such as `GET ledger`, beside those of `behaviour`. */
  readonly controls: Readonly<Record<string, Control>>;
  readonly close: () => void;
}

export interface RunningSystem<Behaviour> extends AsyncDisposable {
  readonly url: string;
  /** Answers even while the system's own socket is closed. */
  readonly controlUrl: string;
  readonly behaviour: Behaviour;
  /** Changes the members given; resolves when the change is in force. */
  behave(change: Partial<Behaviour>): Promise<void>;
}

export const MACHINE_CLOCK: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    }),
};
const JSON_HEADERS = { 'content-type': 'application/json' };
const CONTROL_PATH = '/_simulator/';

/** `GET` and `PUT /_simulator/behaviour` show and change the behaviour; further control endpoints are the system's own. */
export const startSystem = async <Behaviour extends AnyBehaviour>(
  system: SimulatedSystem<Behaviour>,
): Promise<RunningSystem<Behaviour>> => {
  const { host = '127.0.0.1', clock, random, whenKept, controls } = system;
  let { behaviour } = system;

  const serveSystem = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    const { method = 'GET', url = '/', headers } = request;
    const idempotencyKey = headers['idempotency-key'] as string | undefined;
    const reply = system.handle({ method, url, authorization: headers.authorization, idempotencyKey, body }, behaviour);
    const { jitterMs } = behaviour;
    const latencyMs = behaviour.latencyMs + (reply.kind === 'answer' ? (reply.delayMs ?? 0) : 0);
    if (latencyMs + jitterMs === 0) whenKept(() => send(response, reply));
    else void clock.sleep(latencyMs + jitterMs * random()).then(() => whenKept(() => send(response, reply)));
  };

  const serveControl = async ({ method, url = '' }: IncomingMessage, response: ServerResponse, body: string): Promise<void> => {
    const json = (status: number, value: unknown) => response.writeHead(status, JSON_HEADERS).end(JSON.stringify(value));
    const asked = `${method} ${url.slice(CONTROL_PATH.length)}`;
    if (asked === 'GET behaviour') return void json(200, behaviour);
    if (asked === 'PUT behaviour')
      try {
        const change = system.parse(JSON.parse(body));
        json(200, { ...behaviour, ...change });
        return await behave(change);
      } catch (error) {
        return void (response.headersSent || json(400, { error: (error as Error).message }));
      }
    const control = controls[asked];
    if (!control) return void json(404, { error: `there are behaviour, ${namesOf(controls)}` });
    const shown = control();
    if (!shown) return void response.writeHead(204).end();
    if ('json' in shown) return void json(200, shown.json);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const line of shown.lines) response.write(`${JSON.stringify(line)}\n`);
    response.end();
  };

  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      if (request.url?.startsWith(CONTROL_PATH)) void serveControl(request, response, body);
      else serveSystem(request, response, body);
    });
  };

  const own = server(serve);
  const control = server(serve);
  const port = await listen(own, system.port ?? 0, host);
  const controlPort = await listen(control, 0, host);

  const behave = async (change: Partial<Behaviour>): Promise<void> => {
    behaviour = { ...behaviour, ...change };
    const closed = behaviour.outage === 'refused';
    if (closed && own.listening) await close(own);
    else if (!closed && !own.listening) await listen(own, port, host);
  };
  if (behaviour.outage === 'refused') await close(own);

  return {
    url: `http://${host}:${port}`,
    controlUrl: `http://${host}:${controlPort}`,
    get behaviour() {
      return behaviour;
    },
    behave,
    async [Symbol.asyncDispose]() {
      if (own.listening) await close(own);
      await close(control);
      system.close();
    },
  };
};

const namesOf = (controls: Readonly<Record<string, Control>>): string =>
  [...new Set(Object.keys(controls).map((asked) => asked.split(' ')[1]))].join(', ').replace(/, ([^,]+)$/, ' and $1');

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
