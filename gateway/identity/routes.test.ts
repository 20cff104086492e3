import assert from 'node:assert/strict';
import { RevisionConflictError } from '@sagahub/contracts/errors.ts';
import type { SubscribeOptions } from '@sagahub/contracts/ports/event-store.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { openSite, SECRET, type Site, tokenOf } from '../testing/site.ts';

const PARTNERS = '/api/v1/admin/partners';
const CLIENTS = '/api/v1/admin/clients';

describe('partners and clients', () => {
  let site: Site;
  let token: string;
  const post = (path: string, body?: unknown) => site.call('POST', path, { token, body });
  const get = async (path: string) => (await (await site.call('GET', path, { token })).json()) as Record<string, any>;
  beforeEach(async () => {
    site = await openSite();
    token = await tokenOf(site, 'boss', ['admin']);
  });
  afterEach(() => site[Symbol.asyncDispose]());

  it('adds a partner and a client whose secret is shown once and works at once', async () => {
    const partner = await post(PARTNERS, { partnerId: 'acme', name: 'ACME Wholesale' });
    assert.equal(partner.status, 201);
    assert.equal(partner.headers.get('location'), `${PARTNERS}/acme`);
    const added = (await (await post(`${PARTNERS}/acme/clients`, { clientId: 'acme-shop', scopes: ['orders:write'] })).json()) as Record<
      string,
      any
    >;
    assert.match(added['clientSecret'], /^sagahub_[\w-]{43}$/);
    const issued = await site.token('acme-shop', added['clientSecret']);
    assert.equal(issued.status, 200);
    const shown = await get(`${PARTNERS}/acme`);
    assert.equal(shown['rateLimitPerMinute'], 60_000);
    assert.deepEqual(
      shown['clients'].map(({ addedAt: _, ...client }: Record<string, unknown>) => client),
      [{ clientId: 'acme-shop', partnerId: 'acme', scopes: ['orders:write'], status: 'active' }],
    );
    assert.deepEqual((await get(`${CLIENTS}/acme-shop`))['scopes'], ['orders:write']);
  });

  it('stores no secret in clear, neither in the log nor in the key store', async () => {
    await post(PARTNERS, { partnerId: 'acme', name: 'ACME' });
    const { clientSecret } = (await (await post(`${PARTNERS}/acme/clients`, { clientId: 'c', scopes: ['orders:read'] })).json()) as Record<
      string,
      string
    >;
    const log = JSON.stringify(await site.ground.store.readAll({ after: 0n, limit: 500 }), (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    const stored = [...site.ground.keys.all.values()].map((bytes) => Buffer.from(bytes).toString()).join();
    assert.ok(clientSecret && !log.includes(clientSecret) && !stored.includes(clientSecret));
    assert.ok(!stored.includes(SECRET));
  });

  it('records who did what', async () => {
    await site.call('POST', PARTNERS, { token, body: { partnerId: 'acme', name: 'ACME' } });
    const [event] = await site.ground.store.readStream('partner-acme');
    assert.equal(event?.type, 'PartnerAdded');
    assert.equal(event?.metadata.actor, 'client:boss');
    assert.equal(event?.data['by'], 'client:boss');
  });

  it('takes a repeated addition of the same partner for the first one', async () => {
    const statuses = [];
    for (let i = 0; i < 2; i++) statuses.push((await post(PARTNERS, { partnerId: 'acme', name: 'ACME', rateLimitPerMinute: 5 })).status);
    assert.deepEqual(statuses, [201, 201]);
    assert.equal((await site.ground.store.readStream('partner-acme')).length, 1);
  });

  it('draws a client id when none is given', async () => {
    await post(PARTNERS, { partnerId: 'acme', name: 'ACME' });
    const { clientId } = (await (await post(`${PARTNERS}/acme/clients`, { scopes: ['orders:read'] })).json()) as Record<string, string>;
    assert.match(clientId ?? '', /^acme-[\da-f]{10}$/);
  });

  it('lets the former secret work beside the new one for as long as asked, and no longer', async () => {
    await post(PARTNERS, { partnerId: 'acme', name: 'ACME' });
    const first = (
      (await (await post(`${PARTNERS}/acme/clients`, { clientId: 'c', scopes: ['orders:read'] })).json()) as Record<string, string>
    )['clientSecret'];
    const rotated = (await (await post(`${CLIENTS}/c/rotate-secret`, { overlapSeconds: 600 })).json()) as Record<string, string>;
    assert.equal((await site.token('c', rotated['clientSecret'] ?? '')).status, 200);
    assert.equal((await site.token('c', first ?? '')).status, 200);
    await site.ground.clock.advance(600_000);
    assert.equal((await site.token('c', first ?? '')).status, 401);
    assert.equal((await site.token('c', rotated['clientSecret'] ?? '')).status, 200);
    assert.equal(rotated['formerSecretValidUntil'], new Date(site.ground.clock.now()).toISOString());
  });

  it('rotates with an overlap of a day when the body is left out', async () => {
    const rotated = (await (await post(`${CLIENTS}/boss/rotate-secret`)).json()) as Record<string, string>;
    assert.equal(Date.parse(rotated['formerSecretValidUntil'] ?? '') - site.ground.clock.now(), 24 * 60 * 60 * 1000);
  });

  it('revokes a client at once and for good', async () => {
    const victim = await tokenOf(site, 'victim', ['admin']);
    assert.equal((await site.call('GET', PARTNERS, { token: victim })).status, 200);
    assert.equal((await post(`${CLIENTS}/victim/revoke`, { reason: 'leaked' })).status, 200);
    assert.equal((await site.call('GET', PARTNERS, { token: victim })).status, 401);
    assert.equal((await site.token('victim', SECRET)).status, 401);
    const again = await post(`${CLIENTS}/victim/rotate-secret`, {});
    assert.deepEqual([again.status, ((await again.json()) as Record<string, string>)['code']], [409, 'HUB_CLIENT_REVOKED']);
    assert.equal((await post(`${CLIENTS}/victim/revoke`, { reason: 'leaked' })).status, 200, 'doing it twice changes nothing');
    assert.equal((await site.ground.store.readStream('client-victim')).length, 2);
  });

  it('suspends and reinstates a partner with all its clients at once', async () => {
    const victim = await tokenOf(site, 'victim', ['admin']);
    assert.equal((await post(`${PARTNERS}/victim/suspend`, { reason: 'unpaid' })).status, 200);
    assert.equal((await site.call('GET', PARTNERS, { token: victim })).status, 401);
    assert.equal((await get(`${PARTNERS}/victim`))['status'], 'suspended');
    assert.equal((await post(`${PARTNERS}/victim/reinstate`, { reason: 'paid' })).status, 200);
    assert.equal((await site.call('GET', PARTNERS, { token: victim })).status, 200);
  });

  it('changes a partner’s limit, which counts from the next request', async () => {
    const victim = await tokenOf(site, 'victim', ['admin']);
    const changed = await site.call('PATCH', `${PARTNERS}/victim`, { token, body: { rateLimitPerMinute: 2 } });
    assert.equal(((await changed.json()) as Record<string, unknown>)['rateLimitPerMinute'], 2);
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await site.call('GET', PARTNERS, { token: victim })).status);
    assert.deepEqual(statuses, [200, 200, 429]);
    assert.equal((await site.call('GET', PARTNERS, { token })).status, 200, 'another partner is not touched');
    await site.ground.clock.advance(60_000);
    assert.equal((await site.call('GET', PARTNERS, { token: victim })).status, 200);
  });

  it('is for administrators alone', async () => {
    const reader = await tokenOf(site, 'reader', ['orders:read', 'audit:read']);
    for (const route of site.gateway.routes.filter(({ path }) => path.includes('/admin/'))) {
      const path = route.path.replaceAll(/:\w+/g, 'boss');
      assert.equal((await site.call(route.method, path)).status, 401, `${route.method} ${path}`);
      assert.equal((await site.call(route.method, path, { token: reader })).status, 403, `${route.method} ${path}`);
    }
  });

  it('follows what another process does, and decides again when it was faster', async () => {
    await using other = await openSite({ ground: site.ground });
    await other.gateway.directory.addPartner('acme', { name: 'ACME' }, { by: 'hub' });
    await eventually('the registry learns of the partner', () => site.gateway.registry.partner('acme')?.name === 'ACME');
    const both = await Promise.all([site, other].map(({ gateway }) => gateway.directory.suspend('acme', 'unpaid', { by: 'hub' })));
    assert.deepEqual(
      both.map(({ status }) => status),
      ['suspended', 'suspended'],
    );
    assert.equal((await site.ground.store.readStream('partner-acme')).length, 2, 'the slower one found it done');
  });

  it('refuses nobody whom another process has let in just now, and this one has not heard of yet', async () => {
    const deaf = new Proxy(site.ground.store, {
      get: (target, member) => {
        const value = Reflect.get(target, member);
        if (member === 'subscribe') return (options: SubscribeOptions) => target.subscribe({ ...options, onEvents: () => {} });
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    await using other = await openSite({ ground: { ...site.ground, store: deaf } });
    const { directory } = site.gateway;
    await directory.ensureClient({ clientId: 'late', partnerId: 'late', scopes: ['admin'], secret: SECRET });
    const { access_token: late } = (await (await other.token('late', SECRET)).json()) as { access_token: string };
    const statusThere = async () => (await other.call('GET', PARTNERS, { token: late })).status;
    assert.equal(await statusThere(), 200);
    await directory.suspend('late', 'unpaid', { by: 'hub' });
    other.gateway.registry.apply(await site.ground.store.readStream('partner-late'));
    assert.equal(await statusThere(), 401);
    await directory.reinstate('late', 'paid', { by: 'hub' });
    assert.equal(await statusThere(), 200);
  });

  it('ensures a client without undoing what was changed since', async () => {
    const demo = { clientId: 'demo', partnerId: 'demo', scopes: ['orders:read'], secret: SECRET } as const;
    await site.gateway.directory.ensureClient(demo);
    await site.gateway.directory.ensureClient(demo);
    assert.equal((await site.ground.store.readStream('client-demo')).length, 1);
    await site.gateway.directory.ensureClient({ ...demo, secret: 'another secret, just as long' });
    assert.equal((await site.token('demo', 'another secret, just as long')).status, 200);
    assert.equal((await site.token('demo', SECRET)).status, 401);
  });

  it('gives a client that an earlier version ensured the scopes that are asked for now, and takes none away', async () => {
    const ensured = { clientId: 'old', partnerId: 'demo', scopes: ['orders:read', 'webhooks:manage'], secret: SECRET } as const;
    await site.gateway.directory.ensureClient(ensured);
    for (let starts = 0; starts < 2; starts += 1)
      await site.gateway.directory.ensureClient({ ...ensured, scopes: ['orders:read', 'payments:read'] });
    const { scope } = (await (await site.token('old', SECRET)).json()) as Record<string, string>;
    assert.equal(scope, 'orders:read webhooks:manage payments:read');
    assert.equal((await site.ground.store.readStream('client-old')).length, 2);
  });
});

describe('partners and clients: what is refused', () => {
  let site: Site;
  let token: string;
  before(async () => {
    site = await openSite();
    token = await tokenOf(site, 'boss', ['admin']);
    await site.gateway.directory.addPartner('other', { name: 'Other' }, { by: 'hub' });
  });
  after(() => site[Symbol.asyncDispose]());

  const refused: readonly [string, string, unknown, number, string][] = [
    ['an id with a slash', PARTNERS, { partnerId: 'a/b', name: 'x' }, 422, 'HUB_VALIDATION'],
    ['an id with a line break', PARTNERS, { partnerId: 'a\n', name: 'x' }, 422, 'HUB_VALIDATION'],
    ['an unknown member', PARTNERS, { partnerId: 'a', name: 'x', admin: true }, 422, 'HUB_VALIDATION'],
    ['__proto__', PARTNERS, JSON.parse('{"partnerId":"a","name":"x","__proto__":{"admin":true}}'), 422, 'HUB_VALIDATION'],
    ['a negative limit', PARTNERS, { partnerId: 'a', name: 'x', rateLimitPerMinute: -1 }, 422, 'HUB_VALIDATION'],
    ['a partner added before with another name', PARTNERS, { partnerId: 'boss', name: 'x' }, 409, 'HUB_PARTNER_EXISTS'],
    ['a client of nobody', `${PARTNERS}/nobody/clients`, { scopes: ['admin'] }, 404, 'HUB_NOT_FOUND'],
    [
      'a client added before, even at another partner',
      `${PARTNERS}/other/clients`,
      { clientId: 'boss', scopes: ['admin'] },
      409,
      'HUB_CLIENT_EXISTS',
    ],
    ['an unknown scope', `${PARTNERS}/boss/clients`, { scopes: ['root'] }, 422, 'HUB_VALIDATION'],
    ['no scope', `${PARTNERS}/boss/clients`, { scopes: [] }, 422, 'HUB_VALIDATION'],
    ['a suspension without a reason', `${PARTNERS}/boss/suspend`, {}, 422, 'HUB_VALIDATION'],
    ['a revocation of nobody', `${CLIENTS}/nobody/revoke`, { reason: 'x' }, 404, 'HUB_NOT_FOUND'],
  ];
  for (const [what, path, body, status, code] of refused)
    it(`refuses ${what} and changes nothing`, async () => {
      const position = await site.ground.store.lastPosition();
      const response = await site.call('POST', path, { token, body });
      assert.deepEqual([response.status, ((await response.json()) as Record<string, string>)['code']], [status, code]);
      assert.equal(await site.ground.store.lastPosition(), position);
    });
});

describe('identity directory', () => {
  it('passes on what the store refuses for another reason than a conflict', async () => {
    await using site = await openSite();
    const { store } = site.ground;
    const append = store.append.bind(store);
    let conflicts = 0;
    store.append = (request) => (conflicts++ === 0 ? Promise.reject(new RevisionConflictError(request.stream, -1, 0)) : append(request));
    await site.gateway.directory.addPartner('acme', { name: 'ACME' }, { by: 'hub' });
    assert.equal(conflicts, 2);
    store.append = () => Promise.reject(new Error('broken'));
    await assert.rejects(site.gateway.directory.addPartner('more', { name: 'More' }, { by: 'hub' }), /broken/);
  });
});
