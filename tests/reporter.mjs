import { writeFileSync } from 'node:fs';
import mocha from 'mocha';

/** Of the error under a test's name; the runner tells all of it at its end. In characters. */
const REASON_SHOWN = 2_500;

/**
 * Mocha's spec reporter. On its own it closes with the one line that CI reads. Under `tests/run.ts` (`HUB_TEST_RESULT` names a file) it leaves the
 * counts, the failed and the skipped tests and how long each suite took there instead, and the runner adds up all groups. A run that is ended from
 * outside has told all the same: why a test failed stands below its name at once, and what is known so far in `<file>.so-far`.
 */
export default class CountingReporter extends mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const file = process.env['HUB_TEST_RESULT'];
    const failed = [];
    const skipped = [];
    const suites = [];
    const beganAtMs = new Map();
    const result = () => {
      const { passes, failures } = runner.stats;
      return JSON.stringify({ passed: passes, failed: failed.map(failureOf), failures, skipped, suites });
    };
    const noteSoFar = () => file && writeFileSync(`${file}.so-far`, result());
    runner.on('test end', noteSoFar);
    runner.on('suite', (suite) => beganAtMs.set(suite, performance.now()));
    runner.on('suite end', (suite) => {
      if (suite.parent?.root) suites.push({ title: suite.title, tookMs: performance.now() - beganAtMs.get(suite) });
    });
    runner.on('fail', (test, error) => {
      failed.push({ test, error });
      if (!file) return;
      noteSoFar();
      console.log(reasonsOf(error).slice(0, REASON_SHOWN).replaceAll(/^/gm, '      '));
    });
    runner.on('pending', (test) => skipped.push({ title: test.fullTitle(), reason: reasonOf(test) }));
    runner.once('end', () => {
      const { passes, failures } = runner.stats;
      if (file) writeFileSync(file, result());
      else console.log(`${passes} passed, ${failures} failed, ${skipped.length} skipped`);
    });
  }

  /** Only counts under the runner, which tells of failures itself. */
  epilogue() {
    if (process.env['HUB_TEST_RESULT']) this.failures = [];
    super.epilogue();
  }
}

/** With what `contracts/testing/failure-context.ts` left on the test, in a hook behind it. */
const failureOf = ({ test, error }) => ({
  title: test.fullTitle(),
  reason: reasonsOf(error),
  ...(test.failureContext && { context: test.failureContext }),
});

/** The error and its causes, with their stacks. */
const reasonsOf = (error) => {
  const reasons = [];
  for (let cause = error; cause !== undefined && reasons.length < 5; cause = cause?.cause) reasons.push(cause?.stack ?? String(cause));
  return reasons.join('\ncaused by ');
};

/** Left by `contracts/testing/skip.ts` on the test or on a suite around it. */
const reasonOf = (test) => {
  for (let owner = test; owner; owner = owner.parent) if (owner.skipReason) return owner.skipReason;
  return 'no reason given';
};
