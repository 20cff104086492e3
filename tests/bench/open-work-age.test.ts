import assert from 'node:assert/strict';
import { oldestIn } from './open-work-age.ts';

describe('age of the oldest open work', () => {
  it('is the highest of all queues', () => {
    const metrics = [
      '# TYPE hub_open_work_oldest_age_seconds gauge',
      'hub_open_work_oldest_age_seconds{queue="orchestration.order"} 0.25',
      'hub_open_work_oldest_age_seconds{queue="outbound.erp"} 1.5 1764350000000',
      'hub_open_work_oldest_overdue_seconds{queue="outbound.erp"} 9',
    ].join('\n');
    assert.equal(oldestIn(metrics), 1.5);
  });

  it('is nothing that can be made up where the metric is missing', () => {
    assert.throws(() => oldestIn('hub_open_work{queue="outbound.erp"} 3'), /no hub_open_work_oldest_age/);
  });
});
