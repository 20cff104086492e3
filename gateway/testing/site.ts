import { type HttpServer, startHttpServer } from '@sagahub/adapters/http/server.ts';
import { recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';
import { openInProcessKeyValue } from '@sagahub/adapters/in-process/key-value.ts';
import { openSqliteEventStore } from '@sagahub/adapters/sqlite/event-store.ts';
import { openLogDatabase } from '@sagahub/adapters/sqlite/log.ts';
import { temporaryFolder } from '@sagahub/adapters/sqlite/testing/temporary-folder.ts';
import { readConfig } from '@sagahub/contracts/config.ts';
import type { Scope } from '@sagahub/contracts/ports/identity.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { KeyValue } from '@sagahub/contracts/ports/key-value.ts';
import type { Service } from '@sagahub/contracts/service.ts';
import { type ManualClock, manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { type GatewayConfig, gatewaySettings } from '../config.ts';
import { type Gateway, startGateway } from '../service.ts';
import { memorySecrets } from './memory-secrets.ts';

/** What outlives a gateway: the log, the keys, the cache, and time. */
export interface Ground extends AsyncDisposable {
  readonly store: EventStore;
  readonly keys: ReturnType<typeof memorySecrets>;
  readonly cache: KeyValue;
  readonly clock: ManualClock;
}

export const openGround = async (): Promise<Ground> => {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await temporaryFolder());
  const clock = manualClock();
  const log = opened.use(await openLogDatabase(folder.path('log.db')));
  const store = opened.use(await openSqliteEventStore(log, { clock }));
  const cache = opened.use(openInProcessKeyValue({ clock }));
  const running = opened.move();
  return { store, keys: memorySecrets(), cache, clock, [Symbol.asyncDispose]: () => running.disposeAsync() };
};

export const configOf = (env: Readonly<Record<string, string>> = {}): GatewayConfig => readConfig(gatewaySettings, env);

export interface Site extends AsyncDisposable {
  readonly ground: Ground;
  readonly gateway: Gateway;
  readonly server: HttpServer;
  /** Asks for a token as a client does. */
  token(clientId: string, secret: string, scope?: string): Promise<Response>;
  /** Calls the API; with a token when one is given. */
  call(method: string, path: string, options?: { readonly token?: string; readonly body?: unknown }): Promise<Response>;
}

export const SECRET = 'a secret of sufficient length';

/** A gateway behind a real server on a free port. */
export const openSite = async (
  options: { readonly env?: Readonly<Record<string, string>>; readonly services?: readonly Service[]; readonly ground?: Ground } = {},
): Promise<Site> => {
  await using opened = new AsyncDisposableStack();
  const ground = options.ground ?? opened.use(await openGround());
  const telemetry = recordTelemetry();
  const gateway = opened.use(
    await startGateway(configOf(options.env), { ...ground, telemetry }, { services: options.services ?? [], version: '1.2.3' }),
  );
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    routes: gateway.publicRoutes,
    authenticator: gateway.authenticator,
    limiter: gateway.limiter,
    telemetry,
    onDrain: () => gateway.stopServing(),
  });
  opened.defer(async () => void (await server.drain({ timeoutMs: 0 })));
  const running = opened.move();
  return {
    ground,
    gateway,
    server,
    token: (clientId, secret, scope) =>
      fetch(`${server.url}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: clientId,
          client_secret: secret,
          ...(scope && { scope }),
        }),
      }),
    call: (method, path, { token, body } = {}) =>
      fetch(server.url + path, {
        method,
        headers: { ...(token && { authorization: `Bearer ${token}` }), ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

/** A client of a partner of the same name with {@link SECRET}, and a token of it. */
export const tokenOf = async (site: Site, name: string, scopes: readonly Scope[]): Promise<string> => {
  await site.gateway.directory.ensureClient({ clientId: name, partnerId: name, scopes, secret: SECRET });
  const response = await site.token(name, SECRET);
  const { access_token: token } = (await response.json()) as { access_token: string };
  return token;
};
