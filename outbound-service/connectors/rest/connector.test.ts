import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openHttpClient } from '@sagahub/adapters/http/client.ts';
import type { Connector, Delivery } from '@sagahub/contracts/ports/connector.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { type ErpSimulator, startErpSimulator } from '@sagahub/simulators/erp/simulator.ts';
import { type RestErpOptions, restErpConnector } from './connector.ts';

const ORDER = {
  externalOrderId: 'ignored: the object id counts',
  orderNumber: 'PO-1',
  currency: 'EUR',
  customerId: 'C-1',
  items: [{ lineNumber: 1, sku: 'SKU-1', quantity: '2.5', unitPrice: '19.9' }],
  subtotal: '49.75',
  discount: '0.00',
  total: '49.75',
};
const delivery = (changes: Partial<Delivery> = {}): Delivery => ({
  objectId: 'order-1',
  partnerId: 'acme',
  attempt: 1,
  request: ORDER,
  personal: { buyer: { name: 'Ada Keller' }, shipTo: { country: 'FR' }, note: 'rear loading bay' },
  correlationId: 'corr-1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  signal: new AbortController().signal,
  ...changes,
});

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('REST connector', () => {
  const http = openHttpClient();
  const clock = manualClock();
  let erp: ErpSimulator;
  before(async () => {
    erp = await startErpSimulator();
  });
  after(async () => {
    await http[Symbol.asyncDispose]();
    await erp[Symbol.asyncDispose]();
  });
  const connect = (changes: Partial<RestErpOptions> = {}): Connector =>
    restErpConnector({ url: erp.url, auth: { kind: 'none' }, timeoutMs: 2_000, settleMs: 1_000, ...changes }, { http, clock });

  it('submits, finds and cancels over the ERP contract', async () => {
    const connector = connect();
    const done = await connector.submit(delivery());
    assert.equal(done.kind, 'done');
    const reference = done.kind === 'done' ? done.reference : '';
    assert.deepEqual(await connector.submit(delivery()), { kind: 'done', reference, alreadyThere: true, status: 409 });
    assert.deepEqual(await connector.lookup(delivery()), { kind: 'found', orders: [{ reference, live: true }] });
    for (let time = 0; time < 2; time += 1) assert.deepEqual(await connector.cancel({ ...delivery(), reference }), { kind: 'done' });
    assert.deepEqual(await connector.lookup(delivery()), { kind: 'found', orders: [{ reference, live: false }] });
    assert.deepEqual((await connector.probe(delivery().signal)).ok, true);
  });

  it('meets every way in which an ERP misbehaves with the outcome it deserves', async () => {
    const connector = connect();
    const impatient = connect({ timeoutMs: 100 });
    // A connection of its own: one that was in use when the ERP went away breaks, and what it carried is unknown.
    await using anotherHttp = openHttpClient();
    const newcomer = restErpConnector(
      { url: erp.url, auth: { kind: 'none' }, timeoutMs: 2_000, settleMs: 1_000 },
      { http: anotherHttp, clock },
    );
    const outcomes: Record<string, string> = {};
    const meet = async (name: string, change: Parameters<ErpSimulator['behave']>[0], by = connector) => {
      await erp.behave(change);
      outcomes[name] = (await by.submit(delivery({ objectId: name }))).kind;
      await erp.behave({
        outage: 'none',
        failureRate: 0,
        lostAnswerRate: 0,
        slowCommitRate: 0,
        garbage: 'none',
        bearer: '',
        refusedSkus: [],
      });
    };
    await meet('503', { outage: 'unavailable' });
    await meet('connection refused', { outage: 'refused' }, newcomer);
    await meet('silence', { outage: 'silent' }, impatient);
    await meet('500', { failureRate: 1 });
    await meet('lost answer', { lostAnswerRate: 1 });
    await meet('slow commit', { slowCommitRate: 1 }, impatient);
    await meet('page instead of JSON', { garbage: 'html' });
    await meet('no reference', { garbage: 'no-reference' });
    await meet('endless body', { garbage: 'endless' });
    await meet('redirect', { garbage: 'redirect' });
    await meet('bad credential', { bearer: 'other' });
    await meet('refusal', { refusedSkus: ['SKU-1'] });
    assert.deepEqual(outcomes, {
      '503': 'transient',
      'connection refused': 'transient',
      silence: 'unknown',
      '500': 'transient',
      'lost answer': 'unknown',
      'slow commit': 'unknown',
      'page instead of JSON': 'misconfigured',
      'no reference': 'unknown',
      'endless body': 'misconfigured',
      redirect: 'misconfigured',
      'bad credential': 'misconfigured',
      refusal: 'refused',
    });
  });

  it('says what is wrong when it is probed', async () => {
    await erp.behave({ bearer: 'secret' });
    const probe = await connect().probe(delivery().signal);
    await erp.behave({ bearer: '' });
    assert.equal(probe.ok, false);
    assert.match(probe.detail, /answered 401: the credential is unknown or expired/);
  });

  describe('on the wire', () => {
    let server: Server;
    let base: string;
    const received: Received[] = [];
    let tokens: number;
    let respond: (request: Received) => { readonly status: number; readonly body: unknown };
    before(async () => {
      server = createServer((request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
          const { method, url, headers } = request;
          received.push({ method, url, headers, body });
          const answer = respond(received.at(-1)!);
          response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    beforeEach(() => {
      received.length = 0;
      tokens = 0;
      respond = () => ({ status: 201, body: { erpRef: 'E-1' } });
    });
    after(() => {
      server.close();
      server.closeAllConnections();
    });
    const oauth = () =>
      connect({
        url: base,
        auth: { kind: 'oauth2', tokenUrl: `${base}/token`, clientId: 'hub:1', clientSecret: 's&cret', scope: 'orders' },
      });
    const issue = () => ({ status: 200, body: { access_token: `token-${++tokens}`, token_type: 'Bearer', expires_in: 300 } });

    it('sends the contract body, key, correlation and trace below any base path', async () => {
      await connect({ url: `${base}/api/v2/` }).submit(delivery());
      const [{ method, url, headers, body }] = received as [Received];
      assert.deepEqual([method, url], ['POST', '/api/v2/orders']);
      assert.deepEqual(
        [
          headers['idempotency-key'],
          headers['x-correlation-id'],
          headers['traceparent'],
          headers['content-type'],
          headers['authorization'],
        ],
        ['order-1', 'corr-1', delivery().traceparent, 'application/json', undefined],
      );
      assert.equal(
        body,
        '{"externalOrderId":"order-1","orderNumber":"PO-1","partnerId":"acme","currency":"EUR","customerId":"C-1",' +
          '"buyer":{"name":"Ada Keller"},"shipTo":{"country":"FR"},' +
          '"items":[{"lineNumber":1,"sku":"SKU-1","quantity":"2.5","unitPrice":"19.9"}],' +
          '"subtotal":"49.75","discount":"0.00","total":"49.75"}',
      );
    });

    it('leaves out a buyer who was erased', async () => {
      await connect({ url: base }).submit(delivery({ personal: undefined }));
      const sent = JSON.parse(received[0]!.body) as object;
      assert.deepEqual(['buyer' in sent, 'shipTo' in sent, 'customerId' in sent], [false, false, true]);
    });

    it('identifies itself with bearer or basic credentials', async () => {
      await connect({ url: base, auth: { kind: 'bearer', token: 't' } }).submit(delivery());
      await connect({ url: base, auth: { kind: 'basic', user: 'hub', password: 'ä:1' } }).submit(delivery());
      assert.deepEqual(
        received.map(({ headers }) => headers.authorization),
        ['Bearer t', `Basic ${Buffer.from('hub:ä:1').toString('base64')}`],
      );
    });

    it('fetches one token for many calls, and another before it expires', async () => {
      respond = ({ url }) => (url === '/token' ? issue() : { status: 201, body: { erpRef: 'E-1' } });
      const connector = oauth();
      await Promise.all(Array.from({ length: 5 }, () => connector.submit(delivery())));
      assert.equal(tokens, 1);
      const [request] = received as [Received];
      assert.equal(request.body, 'grant_type=client_credentials&scope=orders');
      assert.equal(request.headers.authorization, `Basic ${Buffer.from('hub%3A1:s%26cret').toString('base64')}`);
      await clock.advance(271_000);
      await connector.submit(delivery());
      assert.equal(received.at(-1)?.headers.authorization, 'Bearer token-2');
    });

    it('gets a fresh token after a 401, once, and then takes the 401 for what it is', async () => {
      respond = ({ url, headers }) => {
        if (url === '/token') return issue();
        return headers.authorization === 'Bearer token-2' ? { status: 201, body: { erpRef: 'E-1' } } : { status: 401, body: {} };
      };
      const connector = oauth();
      assert.equal((await connector.submit(delivery())).kind, 'done');
      respond = ({ url }) => (url === '/token' ? issue() : { status: 401, body: {} });
      received.length = 0;
      assert.equal((await connector.submit(delivery())).kind, 'misconfigured');
      assert.deepEqual(
        received.map(({ url }) => url),
        ['/orders', '/token', '/orders'],
      );
    });

    it('is misconfigured when its client is refused, and only transient when the token endpoint is away', async () => {
      respond = () => ({ status: 401, body: { error: 'invalid_client' } });
      assert.equal((await oauth().submit(delivery())).kind, 'misconfigured');
      respond = () => ({ status: 503, body: {} });
      assert.equal((await oauth().submit(delivery())).kind, 'transient');
      respond = () => ({ status: 200, body: { token_type: 'Bearer' } });
      assert.equal((await oauth().submit(delivery())).kind, 'misconfigured');
    });
  });
});
