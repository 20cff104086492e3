import { writeFileSync } from 'node:fs';
import mocha from 'mocha';

/**
 * Mocha's spec reporter. On its own it closes with the one line that CI reads; under `tests/run.ts` (`HUB_TEST_RESULT` names a file) it
 * leaves the counts, the failed and the skipped tests and how long each suite took there instead, and the runner adds up all groups.
 */
export default class CountingReporter extends mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const failed = [];
    const skipped = [];
    const suites = [];
    const beganAtMs = new Map();
    runner.on('suite', (suite) => beganAtMs.set(suite, performance.now()));
    runner.on('suite end', (suite) => {
      if (suite.parent?.root) suites.push({ title: suite.title, tookMs: performance.now() - beganAtMs.get(suite) });
    });
    runner.on('fail', (test, error) => failed.push({ test, error }));
    runner.on('pending', (test) => skipped.push({ title: test.fullTitle(), reason: reasonOf(test) }));
    runner.once('end', () => {
      const { passes, failures } = runner.stats;
      const file = process.env['HUB_TEST_RESULT'];
      if (file) writeFileSync(file, JSON.stringify({ passed: passes, failed: failed.map(failureOf), failures, skipped, suites }));
      else console.log(`${passes} passed, ${failures} failed, ${skipped.length} skipped`);
    });
  }
}

/** With what `contracts/testing/failure-context.ts` left on the test, in a hook behind it. */
const failureOf = ({ test, error }) => {
  const reasons = [];
  for (let cause = error; cause !== undefined && reasons.length < 5; cause = cause?.cause) reasons.push(cause?.stack ?? String(cause));
  return { title: test.fullTitle(), reason: reasons.join('\ncaused by '), ...(test.failureContext && { context: test.failureContext }) };
};

/** Left by `contracts/testing/skip.ts` on the test or on a suite around it. */
const reasonOf = (test) => {
  for (let owner = test; owner; owner = owner.parent) if (owner.skipReason) return owner.skipReason;
  return 'no reason given';
};
