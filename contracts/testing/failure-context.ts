/** The end of it is shown: what was printed last is nearest to what went wrong. In characters. */
const SHOWN = 3_000;

/** For an `afterEach`: when the test failed, what else is to be shown beside its error, at the end of the run. */
export const explainFailure = ({ currentTest }: Mocha.Context, context: () => string): void => {
  if (currentTest?.state === 'failed') Object.assign(currentTest, { failureContext: context().slice(-SHOWN) });
};
