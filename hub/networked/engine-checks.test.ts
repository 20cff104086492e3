import assert from 'node:assert/strict';
import { enginesOf } from './engine-checks.ts';

/** Every engine is away. */
const away = ['postgresql', 'event-store', 'redis', 'rabbitmq', 'mongodb'].map((engine) => ({
  health: () => Promise.resolve({ name: `${engine}:connection`, status: 'fail' as const, output: 'away' }),
}));
const failing = async (processName: string): Promise<readonly string[]> =>
  (await enginesOf(processName, away).health()).flatMap(({ name, status, output }) => {
    assert.equal(output, 'away');
    return status === 'fail' ? [name] : [];
  });

describe('readiness of a process', () => {
  it('stands while an engine is away that it can do without', async () => {
    for (const name of ['gateway', 'integration-service', 'orchestration-service', 'outbound-service'])
      assert.deepEqual(await failing(name), ['postgresql:connection', 'event-store:connection']);
  });

  it('turns where there is nothing to answer without the engine', async () => {
    assert.deepEqual(await failing('read-model'), ['postgresql:connection', 'event-store:connection', 'mongodb:connection']);
  });
});
