import assert from 'node:assert/strict';
import type { ApiRequest, Route } from '@sagahub/contracts/api/route.ts';
import type { HealthCheck } from '@sagahub/contracts/service.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { healthRoutes } from './health.ts';

const check = (name: string, status: HealthCheck['status']): HealthCheck => ({
  name,
  status,
  output: 'at 10.0.0.7:5432',
  observedValue: 3,
  observedUnit: 'ms',
});
const service = (name: string, ...checks: readonly HealthCheck[]) => ({ name, health: async () => checks });

describe('health', () => {
  const open = (services: Parameters<typeof healthRoutes>[0]['services'], draining = () => false) => {
    const clock = manualClock();
    const routes = healthRoutes({ services, clock, version: '1.2.3', draining });
    const ask = async (from: readonly Route[], path: string) => {
      const response = await from.find((route) => route.path === path)?.handle({} as ApiRequest);
      return { status: response?.status, type: response?.headers?.['content-type'], body: response?.body as Record<string, any> };
    };
    return { clock, ask: (path: string) => ask(routes.open, path), detailed: (path: string) => ask(routes.detailed, path), routes };
  };

  it('is ready while every service passes or warns', async () => {
    const { ask } = open([service('a', check('log:append', 'pass')), service('b', check('erp:breaker', 'warn'))]);
    const ready = await ask('/health/ready');
    assert.deepEqual([ready.status, ready.type, ready.body['status']], [200, 'application/health+json', 'warn']);
  });

  it('is not ready when a check fails, a service throws, or the process is stopping', async () => {
    const failing = open([service('a', check('log:append', 'fail'))]);
    assert.deepEqual([(await failing.ask('/health/ready')).status, (await failing.ask('/health/ready')).body['status']], [503, 'fail']);
    const throwing = open([{ name: 'b', health: () => Promise.reject(new Error('broken')) }]);
    assert.deepEqual((await throwing.detailed('/health/ready')).body['checks']['b:health'][0].output, 'broken');
    const stopping = open([service('a', check('log:append', 'pass'))], () => true);
    assert.equal((await stopping.ask('/health/ready')).status, 503);
  });

  it('is alive and started whatever the services say', async () => {
    const { ask } = open([service('a', check('log:append', 'fail'))], () => true);
    assert.deepEqual([(await ask('/health/live')).status, (await ask('/health/startup')).status], [200, 200]);
  });

  it('shows everybody which check fails, and only the management port what it says of our insides', async () => {
    const { ask, detailed } = open([service('a', check('log:append', 'fail'))]);
    assert.deepEqual((await ask('/health/ready')).body['checks'], { 'log:append': [{ status: 'fail' }] });
    const [shown] = (await detailed('/health/ready')).body['checks']['log:append'];
    assert.deepEqual([shown.output, shown.observedValue], ['at 10.0.0.7:5432', 3]);
  });

  it('groups checks of one name', async () => {
    const { ask } = open([service('a', check('disk:free', 'pass')), service('b', check('disk:free', 'warn'))]);
    assert.deepEqual((await ask('/health/ready')).body['checks'], { 'disk:free': [{ status: 'pass' }, { status: 'warn' }] });
  });

  it('asks the services at most once a second, however often it is asked', async () => {
    let asked = 0;
    const { ask, clock } = open([{ name: 'a', health: async () => (asked++, []) }]);
    await Promise.all([ask('/health/ready'), ask('/health/ready')]);
    assert.equal(asked, 1);
    await clock.advance(1_000);
    await ask('/health/ready');
    assert.equal(asked, 2);
  });

  it('is never counted by the limiter', () => {
    assert.ok(open([]).routes.open.every(({ unlimited }) => unlimited));
  });
});
