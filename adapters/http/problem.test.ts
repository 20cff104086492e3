import assert from 'node:assert/strict';
import * as errors from '@sagahub/contracts/errors.ts';
import { isFault, problemOf, problemOfBrokenRequest } from './problem.ts';

const ID = '01a20190-e97c-7094-94d0-a892f0f32a99';
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('problemOf', () => {
  const cases: readonly [errors.HubError, number, Record<string, string>?][] = [
    [new errors.ValidationError([{ pointer: '#/a', code: 'required', detail: 'is missing' }]), 422],
    [new errors.MalformedRequestError('no JSON'), 400],
    [new errors.UnauthenticatedError('missing', 'send one'), 401, { 'www-authenticate': 'Bearer realm="sagahub"' }],
    [
      new errors.UnauthenticatedError('invalid', 'its "aud" is wrong'),
      401,
      { 'www-authenticate': 'Bearer realm="sagahub", error="invalid_token", error_description="its \\"aud\\" is wrong"' },
    ],
    [new errors.SignatureError(), 401],
    [
      new errors.ForbiddenError(['orders:read', 'admin']),
      403,
      { 'www-authenticate': 'Bearer realm="sagahub", error="insufficient_scope", scope="orders:read admin"' },
    ],
    [new errors.NotFoundError('order 1'), 404],
    [new errors.MethodNotAllowedError('PUT', ['GET', 'HEAD']), 405, { allow: 'GET, HEAD' }],
    [new errors.RequestTimeoutError(1_000), 408, { connection: 'close' }],
    [new errors.ConflictError('HUB_ORDER_COMPLETED', 'too late'), 409],
    [new errors.RevisionConflictError('order-1', 3, 4), 409, { 'retry-after': '1' }],
    [new errors.GoneError('HUB_CURSOR_OF_OTHER_LOG', 'another log'), 410],
    [new errors.PreconditionFailedError('stock', '"4"'), 412],
    [new errors.PayloadTooLargeError(10), 413],
    [new errors.AppendTooLargeError('order-1', 2, 1), 413],
    [new errors.UnsupportedMediaTypeError('text/xml', ['application/json']), 415],
    [new errors.ReuseError('HUB_ORDER_NUMBER_REUSED', 'other content', { orderId: 'o-1' }), 422],
    [new errors.RequestKeyTakenError('order-1'), 422],
    [new errors.RateLimitedError('partner', 1_001), 429, { 'retry-after': '2' }],
    [new errors.FairShareError(2_000), 429, { 'retry-after': '2' }],
    [new errors.OverloadedError(2_000), 503, { 'retry-after': '2' }],
    [new errors.UnavailableError('HUB_DRAINING', 'stopping', { retryAfterMs: 3_000 }), 503, { 'retry-after': '3' }],
    [new errors.StorageFullError(new Error('ENOSPC')), 503, { 'retry-after': '5' }],
    [new errors.ClosedError('the log'), 503, { 'retry-after': '1' }],
  ];
  for (const [error, status, headers = {}] of cases)
    it(`${error.constructor.name} (${error.code}) is ${status}`, () => {
      const problem = problemOf(error, ID, TRACEPARENT);
      assert.equal(problem.status, status);
      assert.deepEqual(problem.headers, { 'content-type': 'application/problem+json', ...headers });
      assert.equal(problem.body.status, status);
      assert.equal(problem.body.code, error.code);
      assert.equal(problem.body.detail, error.message);
      assert.equal(problem.body.type, `urn:sagahub:problem:${error.code.slice('HUB_'.length).toLowerCase().replaceAll('_', '-')}`);
      assert.equal(problem.body.instance, `urn:uuid:${ID}`);
      assert.equal(problem.body.traceId, '0af7651916cd43dd8448eb211c80319c');
    });

  it('covers every error class of the contract that can leave the hub', () => {
    const covered = new Set(cases.map(([error]) => error.constructor.name));
    const silent = ['HubError', 'ConfigurationError', 'DataFolderInUseError', 'SupersededError'];
    const missing = Object.keys(errors).filter((name) => !covered.has(name) && !silent.includes(name));
    assert.deepEqual(missing, []);
  });

  it('takes no refusal under overload for a fault, which would be recorded', () => {
    assert.equal(isFault(new errors.OverloadedError(1_000), 503), false);
    assert.equal(isFault(new errors.StorageFullError(new Error('ENOSPC')), 503), true);
    assert.equal(isFault(new Error('a bug'), 500), true);
    assert.equal(isFault(new errors.NotFoundError('order 1'), 404), false);
  });

  it('adds the members of an error, which cannot replace the standard ones', () => {
    const { body } = problemOf(new errors.ConflictError('HUB_X', 'why', { orderId: 'o-1', status: 200, type: 'x', code: 'y' }), ID);
    assert.deepEqual([body['orderId'], body.status, body.type, body.code], ['o-1', 409, 'urn:sagahub:problem:x', 'HUB_X']);
  });

  for (const secret of [new Error('password is hunter2'), new errors.ConfigurationError(['hunter2']), 'hunter2', undefined, { hunter2: 1 }])
    it(`tells nothing of ${secret instanceof Error ? secret.constructor.name : typeof secret}`, () => {
      const problem = problemOf(secret, 'abc');
      assert.equal(problem.status, 500);
      assert.equal(problem.body.code, 'HUB_INTERNAL');
      assert.doesNotMatch(JSON.stringify(problem), /hunter2/);
      assert.equal(problem.body.requestId, 'abc');
    });

  it('keeps a header injection out of WWW-Authenticate', () => {
    const { headers } = problemOf(new errors.UnauthenticatedError('invalid', 'x"\r\nset-cookie: a=b\u2028é'), ID);
    assert.match(headers['www-authenticate'] ?? '', /^[\x20-\x7e]+$/);
  });

  it('names what was wrong with bytes that never became a request', () => {
    assert.equal(problemOfBrokenRequest('HPE_HEADER_OVERFLOW', ID).status, 431);
    assert.equal(problemOfBrokenRequest('ERR_HTTP_REQUEST_TIMEOUT', ID).status, 408);
    assert.equal(problemOfBrokenRequest('HPE_INVALID_METHOD', ID).status, 400);
  });
});
