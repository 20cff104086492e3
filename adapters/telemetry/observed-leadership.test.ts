import assert from 'node:assert/strict';
import type { Term } from '@sagahub/contracts/ports/leadership.ts';
import { silentTelemetry } from '@sagahub/contracts/testing/silent-telemetry.ts';
import { eventually } from '@sagahub/contracts/testing/eventually.ts';
import { openInProcessLeadership } from '../in-process/leadership.ts';
import { systemClock } from '../process/clock.ts';
import { observedLeadership } from './observed-leadership.ts';

describe('who leads', () => {
  it('shows as 1 and with its epoch for the leader, and as 0 for whoever would lead', async () => {
    const gauges = new Map<string, () => Iterable<readonly [number, unknown?]>>();
    const telemetry = {
      ...silentTelemetry,
      gauge: (name: string, observe: () => unknown) => void gauges.set(name, observe as () => Iterable<readonly [number, unknown?]>),
    };
    const shown = (name: string) => [...(gauges.get(name)?.() ?? [])];
    await using elections = openInProcessLeadership({ clock: systemClock() });
    const [first, second] = [observedLeadership(elections, telemetry), observedLeadership(elections, silentTelemetry)];
    const untilOver = ({ signal }: Term) =>
      new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    const other = second.lead('relay', untilOver);
    const candidacy = first.lead('relay', untilOver);
    await eventually('the other leads', () => other.term !== undefined);
    assert.deepEqual(shown('hub.leader'), [[0, { leadership: 'relay' }]]);
    assert.deepEqual(shown('hub.leader.epoch'), []);
    await other[Symbol.asyncDispose]();
    await eventually('this one leads', () => candidacy.term !== undefined);
    assert.deepEqual(shown('hub.leader'), [[1, { leadership: 'relay' }]]);
    assert.deepEqual(shown('hub.leader.epoch'), [[Number(candidacy.term?.epoch), { leadership: 'relay' }]]);
    await candidacy[Symbol.asyncDispose]();
    assert.deepEqual(shown('hub.leader'), []);
  });
});
