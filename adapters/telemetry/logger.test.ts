import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { ConflictError, UnavailableError } from '@sagahub/contracts/errors.ts';
import type { Logger } from '@sagahub/contracts/ports/telemetry.ts';
import { createLogger, type LogLevel } from './logger.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** What a logger writes while `use` runs, line by line. */
const written = async (use: (logger: Logger) => void, options: { level?: LogLevel; pretty?: boolean } = {}): Promise<string[]> => {
  const stream = new PassThrough();
  use(createLogger({ level: options.level ?? 'info', pretty: options.pretty ?? false, fields: { service: 'hub' }, stream }));
  await new Promise((resolve) => setImmediate(resolve));
  stream.end();
  return (await stream.toArray()).join('').trimEnd().split('\n').filter(Boolean);
};
const only = async (use: (logger: Logger) => void): Promise<any> => {
  const lines = await written(use);
  assert.equal(lines.length, 1);
  return JSON.parse(lines[0] ?? '');
};

describe('Logger', () => {
  it('writes one JSON object a line, with ids as fields and the trace context split as OpenTelemetry names it', async () => {
    const line = await only((logger) =>
      logger.child({ correlationId: 'c-1' }).info('order received', { orderId: 'o-1', traceparent: TRACEPARENT, absent: undefined }),
    );
    const { time, ...rest } = line;
    assert.match(time, /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.deepEqual(rest, {
      level: 'info',
      message: 'order received',
      service: 'hub',
      correlationId: 'c-1',
      orderId: 'o-1',
      trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
      span_id: '00f067aa0ba902b7',
    });
  });

  it('leaves out what is less important than its level', async () => {
    const all = (logger: Logger) => {
      logger.debug('d');
      logger.info('i');
      logger.warn('w');
      logger.error('e');
    };
    assert.equal((await written(all, { level: 'error' })).length, 1);
    assert.equal((await written(all, { level: 'warn' })).length, 2);
    assert.equal((await written(all, { level: 'debug' })).length, 4);
  });

  it('shows an error with its code, stack and whole chain of causes', async () => {
    const root = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const line = await only((logger) =>
      logger.error('append failed', { stream: 'order-1' }, new UnavailableError('HUB_STORE_AWAY', 'away', { cause: root })),
    );
    assert.equal(line.stream, 'order-1');
    assert.equal(line.error.type, 'UnavailableError');
    assert.equal(line.error.code, 'HUB_STORE_AWAY');
    assert.match(line.error.stack, /logger\.test\.ts/);
    assert.equal(line.error.cause.code, 'ECONNREFUSED');
    assert.match(line.error.cause.stack, /logger\.test\.ts/);
  });

  it('spares the stack of an error that the hub throws on purpose', async () => {
    const line = await only((logger) => logger.error('refused', {}, new ConflictError('HUB_X', 'not now')));
    assert.deepEqual(line.error, { type: 'ConflictError', code: 'HUB_X', message: 'not now' });
  });

  it('survives an error that is its own cause', async () => {
    const loop = new Error('loop');
    loop.cause = loop;
    assert.equal((await only((logger) => logger.error('odd', {}, loop))).error.message, 'loop');
  });

  it('never prints a secret, whether it stands in a field, a message, an error or a URL', async () => {
    const jwt = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJwLTEifQ.c2lnbmF0dXJlLWhlcmU';
    const lines = await written((logger) => {
      logger.info(`got Authorization: Bearer ${jwt}`, {
        authorization: `Basic hunter2-aaaa`,
        clientSecret: 'hunter2',
        note: `token=hunter2&x=1`,
      });
      logger.error(
        'call failed',
        { url: 'https://user:hunter2@erp.example/orders' },
        new Error(`401 for Bearer hunter2-token, password: "hunter2"`),
      );
    });
    assert.equal(lines.length, 2);
    for (const line of lines) assert.doesNotMatch(line, /hunter2|eyJ/);
    assert.match(lines[1] ?? '', /erp\.example/);
  });

  it('writes for people at a terminal: time, level, message, fields, then the error', async () => {
    const [first = '', second = ''] = await written((logger) => logger.warn('breaker open', { connector: 'erp' }), { pretty: true });
    assert.match(stripVTControlCharacters(first), /^\d\d:\d\d:\d\d\.\d{3} WARN {2}breaker open {2}connector=erp$/);
    assert.equal(second, '');
    const withError = await written((logger) => logger.error('x', {}, new Error('boom', { cause: new Error('why') })), { pretty: true });
    assert.match(withError.join('\n'), /Error: boom[^]*caused by Error: why/);
  });
});
