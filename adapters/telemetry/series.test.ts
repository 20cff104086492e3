import assert from 'node:assert/strict';
import { SeriesByLabels } from './series.ts';

const counting = (...labels: string[]) => new SeriesByLabels(labels, () => ({ sum: 0 }));
const shown = (series: ReturnType<typeof counting>) => series.all.map(({ attributes, total }) => [attributes, total.sum]);

describe('series of an instrument', () => {
  it('are one per set of values, in whatever order their names come', () => {
    const series = counting('saga', 'outcome');
    series.find({ saga: 'order', outcome: 'Completed' }).sum += 1;
    series.find({ outcome: 'Completed', saga: 'order' }).sum += 2;
    series.find({ saga: 'order', outcome: 'Rejected' }).sum += 4;
    series.find({ saga: 'payment', outcome: 'Completed' }).sum += 8;
    assert.deepEqual(shown(series), [
      [{ saga: 'order', outcome: 'Completed' }, 3],
      [{ saga: 'order', outcome: 'Rejected' }, 4],
      [{ saga: 'payment', outcome: 'Completed' }, 8],
    ]);
  });

  it('tell a number from its text, and leave out labels without a value', () => {
    const series = counting('status', 'error');
    series.find({ status: 202 }).sum += 1;
    series.find({ status: '202' }).sum += 2;
    series.find({ error: 'timeout' }).sum += 4;
    series.find({ status: undefined, error: 'timeout' }).sum += 8;
    assert.deepEqual(shown(series), [
      [{ status: 202 }, 1],
      [{ status: '202' }, 2],
      [{ error: 'timeout' }, 12],
    ]);
  });

  it('are a single one without labels, whatever attributes come', () => {
    const series = counting();
    series.find({}).sum += 1;
    series.find({ order: 'PO-1' }).sum += 2;
    assert.deepEqual(shown(series), [[{}, 3]]);
  });

  it('end at a limit, behind which everything new is added up in one', () => {
    const series = counting('id');
    for (let id = 0; id < 5_000; id += 1) series.find({ id }).sum += 1;
    series.find({ id: 0 }).sum += 1;
    assert.equal(series.all.length, 2_001);
    assert.equal(series.all[0]?.total.sum, 2);
    assert.deepEqual(series.all.at(-1), { attributes: { 'otel.metric.overflow': true }, total: { sum: 3_000 } });
  });
});
