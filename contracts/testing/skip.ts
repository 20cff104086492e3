/**
 * Skips the running test (or, in a `before`, its whole suite) and says why; the reason stands in the summary. Where `HUB_TEST_REQUIRE_ALL=true`,
 * as in CI, what is missing is a failure instead.
 */
export const skip = (context: Mocha.Context, reason: string): never => {
  if (process.env['HUB_TEST_REQUIRE_ALL'] === 'true') throw new Error(`this test must not be skipped here: ${reason}`);
  // In a hook the reason belongs to the suite around it.
  const running = context.test;
  const owner = running instanceof Object && 'type' in running && running.type === 'hook' ? running.parent : running;
  if (owner) Object.assign(owner, { skipReason: reason });
  return context.skip();
};
