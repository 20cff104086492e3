import assert from 'node:assert/strict';
import { topicMatches } from './topic.ts';

describe('topic patterns', () => {
  // [pattern, matches, does not]
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['order.completed', ['order.completed'], ['order', 'order.completed.late', 'order.rejected']],
    ['order.*', ['order.completed'], ['order', 'order.completed.late', 'payment.approved']],
    ['*.completed', ['order.completed'], ['completed', 'a.b.completed']],
    ['order.#', ['order', 'order.completed', 'order.completed.late'], ['payment.approved', 'orders']],
    ['#.late', ['late', 'order.completed.late'], ['order.late.x']],
    ['#', ['order', 'order.completed'], []],
    ['*.#.late', ['order.late', 'order.a.b.late'], ['late']],
  ];
  for (const [pattern, matching, others] of cases)
    it(`match as a topic exchange does: ${pattern}`, () => {
      for (const key of matching) assert.equal(topicMatches(pattern, key), true, key);
      for (const key of others) assert.equal(topicMatches(pattern, key), false, key);
    });
});
