import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { MessageBus } from '@sagahub/contracts/ports/message-bus.ts';
import type { OpenWork } from '@sagahub/contracts/ports/open-work.ts';
import { openTelemetry } from './open-telemetry.ts';
import { observeHints, observeOpenWork } from './port-gauges.ts';

describe('Gauges over ports', () => {
  it('show how much work is open and for how long, with one query a scrape', async () => {
    await using telemetry = await openTelemetry({ serviceName: 'hub', version: '1', level: 'error', env: {}, logTo: new PassThrough() });
    let queries = 0;
    const openWork = {
      stats: async () => {
        queries += 1;
        return [
          { queue: 'outbound.erp', open: 9, due: 4, oldestSinceMs: 40_000, oldestDueAtMs: 97_500 },
          { queue: 'operator', open: 1, due: 0, oldestSinceMs: 0, oldestDueAtMs: undefined },
        ];
      },
    } as unknown as OpenWork;
    observeOpenWork(openWork, ['outbound.erp', 'orchestration.order'], { now: () => 100_000 } as Clock, telemetry);
    observeHints({ backlog: async (queue: string) => queue.length } as unknown as MessageBus, ['outbound.erp'], telemetry);
    const text = await telemetry.metricsText();
    assert.equal(queries, 1);
    for (const line of [
      'hub_open_work{queue="outbound.erp"} 9',
      'hub_open_work_due{queue="outbound.erp"} 4',
      'hub_open_work_oldest_age_seconds{queue="outbound.erp"} 60',
      'hub_open_work_oldest_age_seconds{queue="operator"} 100',
      'hub_open_work_oldest_overdue_seconds{queue="outbound.erp"} 2.5',
      'hub_open_work_oldest_overdue_seconds{queue="operator"} 0',
      'hub_open_work{queue="orchestration.order"} 0',
      'hub_open_work_oldest_age_seconds{queue="orchestration.order"} 0',
      'hub_hints_backlog{queue="outbound.erp"} 12',
    ])
      assert.ok(text.includes(`${line}\n`), line);
  });
});
