import assert from 'node:assert/strict';
import type { ApiRequest } from '@sagahub/contracts/api/route.ts';
import { HubError } from '@sagahub/contracts/errors.ts';
import { Webhook } from 'standardwebhooks';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';
import { sealWith } from '@sagahub/contracts/personal-data.ts';
import { parcelFlow } from '../../testing/parcel-flow.ts';
import { paymentCallbackRoutes } from './callback.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes ....').toString('base64')}`;
const OTHER = `whsec_${Buffer.from('another secret of the same length').toString('base64')}`;
const ID = '0d4c1b66-51c7-5b0e-9a68-0a2a1f9f9a10';
const FIVE_MINUTES_MS = 5 * 60_000;

const STREAM = `payment-${ID}`;
const KEY = { keyId: 'subject:demo:ada', key: new Uint8Array(32).fill(7) };
/** Of one payer, unless erased. */
const keysOf = (isErased: boolean): KeyStore =>
  ({ keys: async () => new Map(isErased ? [] : [[KEY.keyId, KEY.key]]) }) as Pick<KeyStore, 'keys'> as KeyStore;

/** A runtime that keeps what it is told. `known`: there is such a payment, and its submission is under way. */
const runtimeWith = (known: boolean, isDecided = false) => {
  const reports: unknown[] = [];
  const at = (type: string, data: object = {}) => ({ type, data: data as never, time: '2026-11-20T10:00:00.000Z' });
  const posted = parcelFlow.evolve(parcelFlow.initialState, at('Posted', { id: ID }));
  const state = isDecided ? parcelFlow.evolve(posted, at('refused', { attempt: 1 })) : posted;
  const sealed = sealWith(KEY, STREAM, { payer: { name: 'Ada Keller' } });
  const flow = {
    ...parcelFlow,
    externalCall: (...args: Parameters<typeof parcelFlow.externalCall>) => {
      const wanted = parcelFlow.externalCall(...args);
      return wanted && { ...wanted, private: sealed };
    },
  };
  const runtime: any = {
    load: () => Promise.resolve({ flow, state, revision: known ? 1 : -1 }),
    report: (stream: string, { step, operation, attempt }: any, report: unknown, { actor }: { actor: string }) =>
      Promise.resolve(reports.push({ stream, step, operation, attempt, report, actor }) > 0),
  };
  return { runtime, reports };
};

const call = async (
  body: string,
  {
    secret = SECRET,
    signWith = SECRET,
    atMs = Date.now(),
    known = true,
    isDecided = false,
    isErased = false,
  }: { secret?: string | undefined; signWith?: string; atMs?: number; known?: boolean; isDecided?: boolean; isErased?: boolean } = {},
) => {
  const { runtime, reports } = runtimeWith(known, isDecided);
  const [route] = paymentCallbackRoutes({ runtime, keys: keysOf(isErased), secret });
  const headers = {
    'webhook-id': 'cb-1',
    'webhook-timestamp': String(Math.floor(atMs / 1_000)),
    'webhook-signature': new Webhook(signWith).sign('cb-1', new Date(atMs), body),
  };
  try {
    const { status } = await route!.handle({ body, headers } as unknown as ApiRequest);
    return { status, reports };
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return { code: error.code, detail: error.message, reports };
  }
};
const told = (data: object) =>
  JSON.stringify({ type: 'payment', timestamp: '2026-11-20T10:00:00Z', data: { externalPaymentId: ID, ...data } });

describe('payment callbacks', () => {
  it('report what was decided as the answer to the call under way', async () => {
    const { status, reports } = await call(told({ status: 'approved', paymentRef: 'T-1' }));
    assert.equal(status, 204);
    const detail = { answeredBy: 'callback' };
    assert.deepEqual(reports, [
      {
        stream: `payment-${ID}`,
        step: 'submit',
        operation: 'submit',
        attempt: 1,
        report: { kind: 'succeeded', reference: 'T-1', alreadyThere: true, detail },
        actor: 'connector:payment-processor',
      },
    ]);
    const declined = await call(told({ status: 'declined', reason: 'x'.repeat(1_000) }));
    assert.deepEqual((declined.reports[0] as any).report, { kind: 'refused', reason: 'x'.repeat(300), detail });
  });

  it('leave no personal data in a reason, and no reason at all that cannot be compared with what was sent', async () => {
    const declined = told({ status: 'declined', reason: 'card of ADA KELLER blocked' });
    const reasonOf = async (options: Parameters<typeof call>[1] = {}) =>
      ((await call(declined, options)).reports[0] as { report: { reason: string } }).report.reason;
    assert.equal(await reasonOf(), 'card of [personal data] blocked');
    assert.equal(await reasonOf({ isErased: true }), 'declined');
    assert.equal(await reasonOf({ isDecided: true }), 'declined');
  });

  it('about what is not decided change nothing', async () => {
    for (const status of ['pending', 'reversed'])
      assert.deepEqual(await call(told({ status, paymentRef: 'T-1' })), { status: 204, reports: [] });
  });

  it('are believed only with the right signature of these minutes, before anything of them is read', async () => {
    const approved = told({ status: 'approved', paymentRef: 'T-1' });
    for (const options of [
      { signWith: OTHER },
      { atMs: Date.now() - FIVE_MINUTES_MS - 5_000 },
      { atMs: Date.now() + FIVE_MINUTES_MS + 5_000 },
      { signWith: OTHER, known: false },
    ]) {
      const { code, detail, reports } = await call(approved, options);
      assert.equal(code, 'HUB_SIGNATURE_INVALID');
      assert.doesNotMatch(detail, /whsec|T-1|0d4c/);
      assert.deepEqual(reports, []);
    }
    assert.equal((await call('no json', { signWith: OTHER })).code, 'HUB_SIGNATURE_INVALID');
  });

  it('of a form that was not agreed are refused', async () => {
    assert.equal((await call('no json')).code, 'HUB_MALFORMED_REQUEST');
    for (const data of [{ status: 'approved' }, { status: 'lost' }, {}, { status: 'approved', paymentRef: 'T', externalPaymentId: 'x' }])
      assert.equal((await call(told(data))).code, 'HUB_VALIDATION');
  });

  it('about an unknown payment are 404, and without a secret 503 that names the setting', async () => {
    assert.equal((await call(told({ status: 'approved', paymentRef: 'T-1' }), { known: false })).code, 'HUB_NOT_FOUND');
    const { runtime } = runtimeWith(true);
    const [route] = paymentCallbackRoutes({ runtime, keys: keysOf(false), secret: undefined });
    await assert.rejects(route!.handle({ body: '{}', headers: {} } as unknown as ApiRequest), /HUB_PAYMENT_CALLBACK_SECRET/);
  });
});
