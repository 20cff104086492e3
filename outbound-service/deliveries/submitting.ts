import type { SubmitOutcome } from '@sagahub/contracts/ports/connector.ts';
import { askAgainAfterMs, retryDelayMs } from '../resilience/retry-policy.ts';
import type { Attempt } from './attempt.ts';
import { lookUp, proofAtMs, referencesOf } from './doubt.ts';

/**
 * Brings an object to a third party: at most one live effect, whatever crashes in between.
 *
 * Where duplicates are refused, repeating a submit under the same key is always safe, and all there is to it is the call. Where they are
 * possible, an attempt is written down before it is made, and one whose outcome is unknown is looked up before anything else:
 *
 * | the look-up shows        | then                                                                            |
 * |--------------------------|---------------------------------------------------------------------------------|
 * | one live                 | it succeeded                                                                    |
 * | several live             | an operator: which one stands?                                                  |
 * | only cancelled ones      | an operator: somebody over there cancelled it                                   |
 * | none, before it is proof | wait until it is                                                                |
 * | none, proven             | that attempt did nothing; go on                                                 |
 * | (it has no look-up)      | an operator, never a second call                                                |
 *
 * What is pending there under a reference is asked about by it: that has no effect, so nothing is written down before, and it spends no
 * attempt whatever comes of it. How long that may go on is the flow's to say.
 */
export const submit = async (attempt: Attempt): Promise<void> => {
  const { connector, calls } = attempt.context;
  const isAsking = attempt.call.reference !== undefined;
  if (!isAsking && connector.duplicates === 'possible' && !(await mayCall(attempt))) return;

  const outcome = await calls.submit(await attempt.delivery(), attempt.permit);
  switch (outcome.kind) {
    case 'done':
      await attempt.report({ kind: 'succeeded', reference: outcome.reference, alreadyThere: outcome.alreadyThere });
      return;
    case 'refused': {
      const { reason, status } = outcome;
      await attempt.report({ kind: 'refused', reason, ...(status !== undefined && { status }) });
      return;
    }
    case 'pending':
      return pending(attempt, outcome);
    case 'misconfigured':
      // An attempt that was started stays in doubt: the next one looks it up.
      return isAsking ? attempt.waitForBreaker() : attempt.misconfigured(outcome);
    case 'transient':
      if (isAsking) return askAgain(attempt, outcome.retryAfterMs);
      return outcome.mayBeDone ? uncertain(attempt, outcome) : attempt.failed('not-done', outcome);
    case 'unknown':
      return isAsking ? askAgain(attempt) : uncertain(attempt, outcome);
  }
};

/** The third party decides later. Without a reference it can be asked only by submitting again, which must then be safe. */
const pending = async (attempt: Attempt, { reference, retryAfterMs }: Extract<SubmitOutcome, { kind: 'pending' }>): Promise<void> => {
  const { connector } = attempt.context;
  if (reference === undefined && connector.duplicates === 'possible')
    return uncertain(attempt, { reason: `${connector.name} decides later, and did not say what to ask it by` });
  const nextAtMs = nextAskAtMs(attempt, retryAfterMs);
  await attempt.report({ kind: 'pending', ...(reference !== undefined && { reference }), nextAtMs });
  // The row of this attempt has been there all along, and keeps the far due time of its hint unless it is told otherwise.
  await attempt.waitUntil(nextAtMs);
};

const askAgain = (attempt: Attempt, retryAfterMs?: number): Promise<void> => attempt.waitUntil(nextAskAtMs(attempt, retryAfterMs));

const nextAskAtMs = (attempt: Attempt, retryAfterMs?: number): number => {
  const nowMs = attempt.context.clock.now();
  return nowMs + (retryAfterMs ?? askAgainAfterMs(nowMs - attempt.waitingSinceMs));
};

/** It may have been done. */
const uncertain = (attempt: Attempt, trouble: { readonly reason: string; readonly status?: number }): Promise<void> => {
  const { connector, retry, clock } = attempt.context;
  if (connector.duplicates === 'refused') return attempt.failed('unknown', trouble);
  if (connector.lookupDelay === 'none') return attempt.exhausted(true, trouble);
  // The last attempt too is looked up before it is given up.
  const { reason, status } = trouble;
  const nextAtMs = clock.now() + (retryDelayMs(retry, attempt.call.attemptInRound ?? attempt.call.attempt) ?? 0);
  return attempt
    .report({ kind: 'failed', certainty: 'unknown', reason, ...(status !== undefined && { status }), nextAtMs, round: attempt.nextOfRound })
    .then(() => undefined);
};

/** Settles a doubt about an earlier attempt, then takes this one by writing it down. False: no call is to be made. */
const mayCall = async (attempt: Attempt): Promise<boolean> => {
  if (attempt.call.inDoubt && !(await isSettled(attempt))) return false;
  const { calls } = attempt.context;
  // A started attempt cannot be taken back, so a half-open breaker is tried with a call that changes nothing.
  if (attempt.permit.isProbe && !(await calls.probe(attempt.signal, attempt.permit))) {
    await attempt.waitForBreaker();
    return false;
  }
  if (!(await start(attempt))) return false;
  attempt.isStarted = true;
  if (await attempt.refresh()) return true;
  // Cancelled in between. Nothing was sent, and saying so spares the cancellation a look-up.
  const reason = 'not sent: it was no longer wanted';
  await attempt.report({ kind: 'failed', certainty: 'not-done', reason, nextAtMs: attempt.context.clock.now() });
  return false;
};

/** Writes the attempt down at the very revision it was read at. False: somebody else took it, or it is not wanted any more. */
const start = async (attempt: Attempt): Promise<boolean> => {
  for (;;) {
    const { revision } = attempt.folded;
    if (await attempt.report({ kind: 'started' }, revision)) return true;
    const isMine = (await attempt.refresh()) && attempt.call.inDoubt?.attempt !== attempt.call.attempt;
    // Something else was recorded in between, such as that it takes long: that takes nothing from the attempt.
    if (!isMine || attempt.folded.revision === revision) return false;
  }
};

/** True: proven that the attempt in doubt did nothing, and this one is another. */
const isSettled = async (attempt: Attempt): Promise<boolean> => {
  const { connector, retry, clock } = attempt.context;
  const doubt = attempt.call.inDoubt!;
  if (connector.lookupDelay === 'none') {
    const reason = `attempt ${doubt.attempt} may have been carried out, and ${connector.name} cannot be asked`;
    await attempt.exhausted(true, { reason });
    return false;
  }
  const sighting = await lookUp(attempt, ({ retryAfterMs = 0 }) =>
    attempt.permit.isProbe
      ? attempt.waitForBreaker()
      : attempt.waitUntil(clock.now() + Math.max(retry.delaysMs.at(-1) ?? connector.settleMs, retryAfterMs)),
  );
  if (sighting.kind === 'handled') return false;
  const { live, cancelled } = sighting;
  const [first] = live;
  if (first && live.length === 1) {
    await attempt.report({ kind: 'succeeded', reference: first.reference, alreadyThere: true });
    return false;
  }
  if (first) {
    await attempt.exhausted(true, { reason: `${connector.name} has it ${live.length} times: ${referencesOf(live)}` });
    return false;
  }
  if (cancelled.length > 0) {
    await attempt.exhausted(false, { reason: `it was cancelled at ${connector.name}: ${referencesOf(cancelled)}` });
    return false;
  }
  const provenAtMs = proofAtMs(doubt, connector);
  if (sighting.beganAtMs < provenAtMs) {
    await attempt.waitUntil(provenAtMs);
    return false;
  }
  if (doubt.attempt !== attempt.call.attempt) return isStillLeft(attempt);
  attempt.isStarted = true;
  await attempt.failed('not-done', { reason: 'no answer came, and a look-up proved that nothing was done' });
  return false;
};

/** The attempt in doubt was the last one: it is given up now that nothing is in doubt. */
const isStillLeft = async (attempt: Attempt): Promise<boolean> => {
  const { attempt: number, attemptInRound = number } = attempt.call;
  if (attemptInRound <= attempt.context.retry.delaysMs.length + 1) return true;
  await attempt.exhausted(false, {
    reason: `${attemptInRound - 1} attempts without an answer; a look-up proved that none was carried out`,
  });
  return false;
};
