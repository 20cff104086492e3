import type { Attempt } from './attempt.ts';
import { lookUp, proofAtMs } from './doubt.ts';

/**
 * Takes an object back from a third party. With its reference by one call. Without, whatever a look-up shows is cancelled; "none" is
 * taken as proof only when no submission that may have been on its way when the cancellation was requested can still arrive.
 */
export const cancel = async (attempt: Attempt): Promise<void> => {
  const { reference } = attempt.call;
  if (reference !== undefined) {
    if (await isCancelled(attempt, reference)) await attempt.report({ kind: 'cancelled', reference });
    return;
  }
  const { connector } = attempt.context;
  if (connector.lookupDelay === 'none') {
    await attempt.exhausted(true, { reason: `it may be at ${connector.name}, which can neither be asked nor told what to cancel` });
    return;
  }
  const sighting = await lookUp(attempt, (trouble) => attempt.failed('unknown', trouble));
  if (sighting.kind === 'handled') return;
  const { live, cancelled, beganAtMs } = sighting;
  for (const order of live) if (!(await isCancelled(attempt, order.reference))) return;

  // Another one can still come only where duplicates are possible.
  const found = [...live, ...cancelled];
  const isConclusive = found.length > 0 && connector.duplicates === 'refused';
  const provenAtMs = nothingMoreAtMs(attempt);
  if (!isConclusive && beganAtMs < provenAtMs) return attempt.waitUntil(provenAtMs);
  if (found.length === 0) await attempt.report({ kind: 'absent' });
  // The first report lets the undoing go on, so it comes only after the last cancellation.
  for (const { reference: cancelledReference } of found) await attempt.report({ kind: 'cancelled', reference: cancelledReference });
};

/** From when on a look-up sees everything that submissions may have done. */
const nothingMoreAtMs = (attempt: Attempt): number => {
  const { connector } = attempt.context;
  const { inDoubt } = attempt.call;
  const inFlight = proofAtMs({ attempt: 0, startedAtMs: attempt.waitingSinceMs }, connector);
  return inDoubt ? Math.max(inFlight, proofAtMs(inDoubt, connector)) : inFlight;
};

const isCancelled = async (attempt: Attempt, reference: string): Promise<boolean> => {
  const outcome = await attempt.context.calls.cancel({ ...(await attempt.delivery()), reference }, attempt.permit);
  switch (outcome.kind) {
    case 'done':
      return true;
    case 'refused': {
      const { reason, status } = outcome;
      await attempt.report({ kind: 'refused', reason, ...(status !== undefined && { status }) });
      return false;
    }
    case 'misconfigured':
      await attempt.waitForBreaker();
      return false;
    case 'transient':
    case 'unknown':
      await attempt.failed('unknown', outcome);
      return false;
  }
};
