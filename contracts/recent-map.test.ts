import assert from 'node:assert/strict';
import { RecentMap } from './recent-map.ts';

describe('recent map', () => {
  it('remembers at least its capacity and never more than twice that', () => {
    const map = new RecentMap<number, string>(100);
    for (let key = 0; key < 1_000; key += 1) map.set(key, `${key}`);
    const known = Array.from({ length: 1_000 }, (_, key) => key).filter((key) => map.get(key) !== undefined);
    assert.ok(known.length >= 100 && known.length <= 200, `${known.length} remembered`);
    for (let key = 900; key < 1_000; key += 1) assert.equal(map.get(key), `${key}`);
  });

  it('keeps what is used again and again, however much passes by', () => {
    const map = new RecentMap<string, number>(10);
    map.set('used', 1);
    for (let key = 0; key < 1_000; key += 1) {
      map.set(`passing-${key}`, key);
      assert.equal(map.get('used'), 1);
    }
  });

  it('forgets everything when cleared', () => {
    const map = new RecentMap<string, number>(2);
    for (const key of ['a', 'b', 'c']) map.set(key, 1);
    map.clear();
    for (const key of ['a', 'b', 'c']) assert.equal(map.get(key), undefined);
  });
});
