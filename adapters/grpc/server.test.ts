import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { Client, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { type ApiRequest, JSON_BODY, type Route } from '@sagahub/contracts/api/route.ts';
import {
  ConfigurationError,
  ConflictError,
  FairShareError,
  UnauthenticatedError,
  UnavailableError,
  ValidationError,
} from '@sagahub/contracts/errors.ts';
import type { AdmissionGate } from '@sagahub/contracts/ports/admission-gate.ts';
import type { Principal } from '@sagahub/contracts/ports/identity.ts';
import type { RateVerdict } from '@sagahub/contracts/ports/rate-limiter.ts';
import { recordTelemetry } from '@sagahub/contracts/testing/recorded-telemetry.ts';
import { GrpcClient } from '../../tests/support/grpc-client.ts';
import { TEST_CERTIFICATE } from '../http/testing/certificate.ts';
import { routeOf } from '../http/testing/served.ts';
import { type GrpcServer, type GrpcServerOptions, startGrpcServer } from './server.ts';

const PRINCIPAL: Principal = { clientId: 'erp-1', partnerId: 'acme', scopes: new Set(['orders:write']), rateLimitPerMinute: 0 };
const GOOD = { metadata: { authorization: 'Bearer good' } };
const accepted = (orderNumber: string) => ({ orderId: `id-of-${orderNumber}`, orderNumber, status: 'received', links: { self: '/o' } });

describe('gRPC server', () => {
  let place: Route['handle'];
  let verdict: RateVerdict | undefined;
  let requests: ApiRequest[];
  beforeEach(() => {
    verdict = undefined;
    requests = [];
    place = ({ body }) => Promise.resolve({ status: 202, body: accepted((body as { orderNumber?: string }).orderNumber ?? '') });
  });

  const start = (options: Partial<GrpcServerOptions> = {}): Promise<GrpcServer> =>
    startGrpcServer({
      host: '127.0.0.1',
      port: 0,
      portSetting: 'HUB_GRPC_PORT',
      telemetry: recordTelemetry(),
      routes: [
        {
          ...routeOf('POST', '/api/v1/orders', (request) => (requests.push(request), place(request)), {
            scopes: ['orders:write'],
            body: JSON_BODY,
            intake: true,
          }),
          operation: { operationId: 'placeOrder', summary: '', tag: '', responses: {} },
        },
        {
          ...routeOf(
            'GET',
            '/api/v1/orders/:orderId',
            (request) => Promise.resolve({ status: 200, body: { orderId: request.params['orderId']! } }),
            {
              scopes: ['orders:write'],
            },
          ),
          operation: { operationId: 'getOrder', summary: '', tag: '', responses: {} },
        },
      ],
      authenticator: {
        authenticate: (authorization) =>
          authorization === 'Bearer good'
            ? Promise.resolve(PRINCIPAL)
            : Promise.reject(new UnauthenticatedError('invalid', 'the token is not good')),
        identify: () => Promise.resolve(PRINCIPAL),
      },
      limiter: { partner: () => verdict, anonymous: () => undefined },
      gate: undefined,
      ...options,
    });

  it('hands the route what HTTP would have', async () => {
    await using server = await start();
    using client = new GrpcClient(server.address);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const metadata = { ...GOOD.metadata, 'idempotency-key': 'k-1', 'x-correlation-id': 'flow-1', 'x-request-id': 'r-1', traceparent };
    const { code, metadata: answered } = await client.submitOrder({ orderNumber: 'PO-1', lines: [{ sku: 'A' }] }, { metadata });
    assert.equal(code, 'OK');
    const [request] = requests;
    assert.deepEqual(request?.body, { orderNumber: 'PO-1', lines: [{ sku: 'A' }] });
    assert.equal(request?.principal, PRINCIPAL);
    assert.deepEqual([request?.channel, request?.correlationId, request?.requestId], ['grpc', 'flow-1', 'r-1']);
    assert.deepEqual([request?.headers['idempotency-key'], request?.traceparent], ['k-1', traceparent]);
    assert.equal(request?.remoteAddress, '127.0.0.1');
    assert.deepEqual([answered['x-request-id'], answered['x-correlation-id']], ['r-1', 'flow-1']);
  });

  const refusals: readonly (readonly [error: Error, code: string])[] = [
    [new ValidationError([{ pointer: '#/a', code: 'required', detail: 'is required' }]), 'INVALID_ARGUMENT'],
    [new ConflictError('HUB_ORDER_ENDED', 'has ended'), 'ABORTED'],
    [new UnavailableError('HUB_ENGINE_UNAVAILABLE', 'away', { retryAfterMs: 2_500 }), 'UNAVAILABLE'],
    [new Error('a bug'), 'INTERNAL'],
  ];
  for (const [error, expected] of refusals)
    it(`answers ${expected} to a ${error.constructor.name}, with its problem`, async () => {
      await using server = await start();
      using client = new GrpcClient(server.address);
      place = () => Promise.reject(error);
      const { code, problem, metadata } = await client.submitOrder({}, GOOD);
      assert.equal(code, expected);
      assert.match(problem.code, /^HUB_/);
      assert.doesNotMatch(JSON.stringify(problem), /a bug/);
      assert.equal(metadata['retry-after'], expected === 'UNAVAILABLE' ? '3' : undefined);
    });

  it('keeps a long list of faults within what clients take as trailers', async () => {
    await using server = await start();
    using client = new GrpcClient(server.address);
    place = () =>
      Promise.reject(
        new ValidationError(
          Array.from({ length: 100 }, (_, i) => ({ pointer: `#/lines/${i}/sku`, code: 'required', detail: 'is required' })),
        ),
      );
    const { problem, metadata } = await client.submitOrder({}, GOOD);
    assert.equal(problem.errors.at(-1).code, 'more-faults');
    const bytes = Object.values(metadata).reduce((sum, value) => sum + Buffer.from(value as string).toString('base64').length, 0);
    assert.ok(bytes < 8_192, `${bytes} bytes`);
  });

  it('lets orders in by the gate that HTTP has', async () => {
    const left: boolean[] = [];
    let refusal: Error | undefined;
    const gate: AdmissionGate = {
      check: () => {
        if (refusal) throw refusal;
      },
      enter: () => ({ leave: (served = false) => void left.push(served) }),
    };
    await using server = await start({ gate });
    using client = new GrpcClient(server.address);
    assert.equal((await client.submitOrder({}, GOOD)).code, 'OK');
    assert.equal(left[0], true);
    refusal = new FairShareError(2_000);
    const { code, problem, metadata } = await client.submitOrder({}, GOOD);
    assert.deepEqual([code, problem.code, metadata['retry-after']], ['RESOURCE_EXHAUSTED', 'HUB_FAIR_SHARE_EXCEEDED', '2']);
    assert.equal(requests.length, 1);
  });

  it('tells of the quota, and of its end', async () => {
    await using server = await start();
    using client = new GrpcClient(server.address);
    verdict = { allowed: false, policy: 'partner', quota: 10, windowMs: 60_000, remaining: 0, resetMs: 9_100 };
    const { code, problem, metadata } = await client.submitOrder({}, GOOD);
    assert.deepEqual([code, problem.code], ['RESOURCE_EXHAUSTED', 'HUB_RATE_LIMITED']);
    assert.deepEqual([metadata['ratelimit'], metadata['retry-after']], ['"partner";r=0;t=10', '10']);
    assert.equal(requests.length, 0);
  });

  it('refuses a message above 512 KiB with its problem, and one far above without taking it in', async () => {
    await using server = await start();
    using client = new GrpcClient(server.address);
    const large = await client.submitOrder({ note: 'x'.repeat(600 * 1024) }, GOOD);
    assert.deepEqual([large.code, large.problem.code], ['INVALID_ARGUMENT', 'HUB_PAYLOAD_TOO_LARGE']);
    const larger = await client.submitOrder({ note: 'x'.repeat(3 * 1024 * 1024) }, GOOD);
    assert.equal(larger.code, 'RESOURCE_EXHAUSTED');
    assert.equal(requests.length, 0);
  });

  it('lets the caller’s deadline end the call and what it waits for', async () => {
    await using server = await start();
    using client = new GrpcClient(server.address);
    const ended = Promise.withResolvers<void>();
    place = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => (ended.resolve(), reject(signal.reason as Error))));
    const { code } = await client.submitOrder({}, { ...GOOD, deadlineMs: 200 });
    assert.equal(code, 'DEADLINE_EXCEEDED');
    await ended.promise;
  });

  it('ends a stream on which nothing comes any more, and says how long it waited', async () => {
    await using server = await start({ messageTimeoutMs: 50 });
    using client = new GrpcClient(server.address);
    const { call, answered } = client.openSubmitOrders(GOOD);
    call.write({ order: { orderNumber: 'PO-1' } });
    const { code, problem } = await answered;
    assert.deepEqual([code, problem.code], ['DEADLINE_EXCEEDED', 'HUB_REQUEST_TIMEOUT']);
  });

  it('ends a call whose message does not come', async () => {
    await using server = await start({ messageTimeoutMs: 50 });
    const session = connectHttp2(`http://${server.address}`);
    const headers = {
      ':method': 'POST',
      ':path': '/sagahub.v1.OrderIntake/SubmitOrder',
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    const stream = session.request(headers, { endStream: false });
    const [answered] = (await once(stream, 'response')) as [Record<string, string>];
    const trailers = answered['grpc-status'] === undefined ? ((await once(stream, 'trailers')) as [Record<string, string>])[0] : answered;
    assert.equal(trailers['grpc-status'], '4');
    assert.equal(requests.length, 0);
    session.destroy();
  });

  it('takes at most 2,000 orders in one call', async () => {
    await using server = await start();
    using client = new GrpcClient(server.address);
    const orders = (count: number) => Array.from({ length: count }, (_, i) => ({ order: { orderNumber: `PO-${i}` } }));
    const full = await client.submitOrders(orders(2_000), GOOD);
    assert.deepEqual([full.code, full.message?.accepted], ['OK', 2_000]);
    const beyond = await client.submitOrders(orders(2_001), GOOD);
    assert.deepEqual([beyond.code, beyond.problem.code], ['INVALID_ARGUMENT', 'HUB_TOO_MANY_ORDERS']);
  });

  it('speaks TLS 1.3 alone when it has a certificate', async () => {
    await using server = await start({ tls: TEST_CERTIFICATE, host: 'localhost' });
    using client = new GrpcClient(server.address, TEST_CERTIFICATE.cert);
    assert.equal((await client.submitOrder({ orderNumber: 'PO-1' }, GOOD)).code, 'OK');
    const older = await new Promise<Error | string>((resolve) => {
      const options = {
        port: server.port,
        host: 'localhost',
        ca: TEST_CERTIFICATE.cert,
        maxVersion: 'TLSv1.2',
        ALPNProtocols: ['h2'],
      } as const;
      const socket = connectTls(options, () => resolve(String(socket.getProtocol())));
      socket.once('error', resolve);
    });
    assert.ok(older instanceof Error, String(older));
  });

  it('finishes the call in hand when it stops, ends streams for the client to send again, and says so in its health', async () => {
    const server = await start();
    using client = new GrpcClient(server.address);
    using probe = new Probe(server.address);
    assert.equal(await probe.check(), 'SERVING');
    assert.equal(await probe.check('sagahub.v1.OrderIntake'), 'SERVING');
    assert.equal(await probe.check('another'), 'NOT_FOUND');
    const watched = probe.watch();
    const started = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    place = async () => {
      started.resolve();
      await goOn.promise;
      return { status: 202, body: accepted('PO-1') };
    };
    const unary = client.submitOrder({ orderNumber: 'PO-1' }, GOOD);
    await started.promise;
    const { answered } = client.openSubmitOrders(GOOD);
    await new Promise((resolve) => client.raw.waitForReady(Date.now() + 5_000, resolve));
    const drained = server.drain();
    goOn.resolve();
    assert.equal((await unary).code, 'OK');
    assert.equal((await answered).code, 'UNAVAILABLE');
    await drained;
    assert.deepEqual(await watched, ['SERVING', 'NOT_SERVING']);
    assert.equal((await client.submitOrder({}, { ...GOOD, deadlineMs: 2_000 })).code, 'UNAVAILABLE');
  });

  it('says which setting to change when its port is taken', async () => {
    await using server = await start();
    await assert.rejects(
      start({ port: server.port }),
      (error) => error instanceof ConfigurationError && /HUB_GRPC_PORT/.test(error.message),
    );
  });
});

/** Asks for health as a load balancer would. */
class Probe implements Disposable {
  readonly #client: any;

  constructor(address: string) {
    const path = new URL('./health.proto', import.meta.url).pathname;
    const { Health } = (loadPackageDefinition(loadSync(path, { enums: String, defaults: true })) as any).grpc.health.v1;
    this.#client = new Health(address, credentials.createInsecure());
  }

  check(service = ''): Promise<string> {
    return new Promise((resolve) =>
      this.#client.Check({ service }, (error: { code: number } | null, answer: { status: string }) =>
        resolve(error ? (error.code === 5 ? 'NOT_FOUND' : String(error.code)) : answer.status),
      ),
    );
  }

  /** Everything it was told until the server ended it. */
  watch(): Promise<readonly string[]> {
    const told: string[] = [];
    const call = this.#client.Watch({ service: '' });
    call.on('data', ({ status }: { status: string }) => told.push(status));
    call.on('error', () => {});
    return new Promise((resolve) => call.on('status', () => resolve(told)));
  }

  [Symbol.dispose](): void {
    (this.#client as Client).close();
  }
}
