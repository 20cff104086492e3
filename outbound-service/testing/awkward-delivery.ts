import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { AwkwardConnector, type AwkwardAct, type AwkwardOptions } from '../connectors/testing/awkward-connector.ts';
import { ModelRuntime, ModelStore } from './model-runtime.ts';
import { MortalProcess, type ProcessOptions } from './mortal-process.ts';
import { PARCEL_CONNECTOR } from './parcel-flow.ts';

export const TIMEOUT_MS = 30_000;
const LOOKUP_DELAY_MS = 15_000;
/** Longest time an awkward third party takes behind the caller's time limit. */
export const LATEST_MS = 20_000;
export const AWKWARD: AwkwardOptions = {
  name: PARCEL_CONNECTOR,
  duplicates: 'possible',
  lookup: 'delayed',
  lookupDelayMs: LOOKUP_DELAY_MS,
  settleMs: LATEST_MS + LOOKUP_DELAY_MS,
  timeoutMs: TIMEOUT_MS,
};

/** Parcels on their way to an awkward third party, which does with each submit in turn what the acts say, and then what it is asked. */
export const setUp = (changes: Partial<AwkwardOptions> = {}, acts: readonly AwkwardAct['act'][] = []) => {
  const clock = manualClock();
  const runtime = new ModelRuntime(clock);
  const store = new ModelStore();
  const connector = new AwkwardConnector({ ...AWKWARD, ...changes }, clock);
  const script = [...acts];
  connector.nextAct = () => {
    const act = script.shift() ?? 'done';
    return act === 'late' ? { act, afterMs: TIMEOUT_MS + LATEST_MS } : { act };
  };
  const start = (options?: ProcessOptions) => MortalProcess.start(runtime, store, connector, options);
  return { clock, runtime, store, connector, start };
};
