import assert from 'node:assert/strict';
import { ConflictError, UnavailableError } from '@sagahub/contracts/errors.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { RedriveItem, RedriveRequested } from '@sagahub/contracts/messages/redrive.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import { type ActingPorts, actOnItem, type Glance, outcomeSince, rehearse } from './acting.ts';

const REF = { deadLetterId: 'letter-1', stream: 'order-1', step: 'erp-submit', origin: 'erp' } as RedriveItem;
const JOB = { redriveId: 'job-1', by: 'client:op', reason: 'repaired' } as RedriveRequested['data'];

/** An object that is stuck until it is redriven; what came of it is the type of its last event. */
class World {
  readonly events: RecordedEvent[] = [];
  failure: Error | undefined;
  glance: Glance = { kind: 'absent' };
  beforeAct: () => void = () => {};
  readonly flow = {
    name: 'order',
    deadLetters: {
      command: () => ({ type: 'Redrive', deadLetterId: REF.deadLetterId }),
      outcome: (_letter: unknown, events: readonly RecordedEvent[]) =>
        events.at(-1)?.type === 'Sent' ? { outcome: 'applied', reference: 'ERP-1' } : undefined,
    },
    externalCall: () => ({ connector: 'erp', attempt: 7 }),
  };
  readonly ports: ActingPorts = {
    runtime: {
      load: () => Promise.resolve({ flow: this.flow, state: {} }),
      preview: () => (this.events.length > 0 ? Promise.reject(MOVED) : Promise.resolve({ events: [{}], folded: { state: {} } })),
      execute: (_stream: string, { redriveId, deadLetterId }: { redriveId?: string; deadLetterId?: string }) => {
        this.beforeAct();
        if (this.failure) return Promise.reject(this.failure);
        if (this.events.length > 0) return Promise.reject(MOVED);
        return Promise.resolve({ events: [this.add('Retried', { redriveId, deadLetterId })] });
      },
    } as unknown as SagaRuntime,
    store: { readStream: (_stream, { from = 0 } = {}) => Promise.resolve(this.events.slice(from)) },
    glance: () => Promise.resolve(this.glance),
  };

  add(type: string, data: object): RecordedEvent {
    const event = { type, data, revision: this.events.length } as RecordedEvent;
    this.events.push(event);
    return event;
  }
}
const MOVED = new ConflictError('HUB_DEAD_LETTER_RESOLVED', 'skipped: order ended');
const types = ({ events }: World) => events.map(({ type }) => type);

describe('acting on an item of a redrive', () => {
  it('acts once, and finds that again after a crash before it was recorded', async () => {
    const world = new World();
    assert.deepEqual(await actOnItem(world.ports, JOB, 3, REF), { sent: { item: 3, revision: 0 } });
    assert.deepEqual(await actOnItem(world.ports, JOB, 3, REF), { sent: { item: 3, revision: 0 } });
    assert.deepEqual(types(world), ['Retried']);
  });

  it('takes the act of another worker of the same job that was faster as its own', async () => {
    const world = new World();
    world.beforeAct = () => void world.add('Retried', { redriveId: 'job-1', deadLetterId: 'letter-1' });
    assert.deepEqual(await actOnItem(world.ports, JOB, 3, REF), { sent: { item: 3, revision: 0 } });
    assert.deepEqual(types(world), ['Retried']);
  });

  it('skips what another job or anything else has moved on, and says why', async () => {
    const world = new World();
    world.add('Retried', { redriveId: 'job-2', deadLetterId: 'letter-1' });
    assert.deepEqual(await actOnItem(world.ports, JOB, 3, REF), { outcome: { item: 3, outcome: 'skipped', why: 'order ended' } });
  });

  it('guesses nothing when a store is away: the step is repeated later', async () => {
    const world = new World();
    world.failure = new UnavailableError('HUB_ENGINE_UNAVAILABLE', 'away');
    await assert.rejects(actOnItem(world.ports, JOB, 3, REF), UnavailableError);
  });

  it("tells what came of it by the object's events, and nothing before there is something to tell", async () => {
    const world = new World();
    await actOnItem(world.ports, JOB, 3, REF);
    assert.equal(await outcomeSince(world.ports, { item: 3, revision: 0 }, REF), undefined);
    world.add('Sent', {});
    const outcome = await outcomeSince(world.ports, { item: 3, revision: 0 }, REF);
    assert.deepEqual(outcome, { item: 3, outcome: 'applied', reference: 'ERP-1' });
  });

  it('rehearses without a trace: what would be tried, what is there already, what has moved on', async () => {
    const world = new World();
    const why = 'erp was asked and does not have it';
    assert.deepEqual(await rehearse(world.ports, 0, REF), { item: 0, outcome: 'would-redrive', attempt: 7, why });
    world.glance = { kind: 'there', reference: 'ERP-9' };
    assert.deepEqual(await rehearse(world.ports, 0, REF), { item: 0, outcome: 'already-applied', reference: 'ERP-9', attempt: 7 });
    assert.deepEqual(types(world), []);
    world.add('Ended', {});
    assert.deepEqual(await rehearse(world.ports, 0, REF), { item: 0, outcome: 'skipped', why: 'order ended' });
  });
});
