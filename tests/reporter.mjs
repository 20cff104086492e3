import { writeFileSync } from 'node:fs';
import mocha from 'mocha';

/**
 * Mocha's spec reporter. On its own it closes with the one line that CI reads; under `tests/run.ts` (`HUB_TEST_RESULT` names a file) it
 * leaves the counts, the failed and the skipped tests there instead, and the runner adds up all groups.
 */
export default class CountingReporter extends mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const failed = [];
    const skipped = [];
    runner.on('fail', (test) => failed.push(test.fullTitle()));
    runner.on('pending', (test) => skipped.push({ title: test.fullTitle(), reason: reasonOf(test) }));
    runner.once('end', () => {
      const { passes, failures } = runner.stats;
      const file = process.env['HUB_TEST_RESULT'];
      if (file) writeFileSync(file, JSON.stringify({ passed: passes, failed, failures, skipped }));
      else console.log(`${passes} passed, ${failures} failed, ${skipped.length} skipped`);
    });
  }
}

/** Left by `contracts/testing/skip.ts` on the test or on a suite around it. */
const reasonOf = (test) => {
  for (let owner = test; owner; owner = owner.parent) if (owner.skipReason) return owner.skipReason;
  return 'no reason given';
};
