import type { SealedData } from '@sagahub/contracts/events.ts';
import type { JsonObject } from '@sagahub/contracts/json.ts';
import type { ExternalCall } from '@sagahub/contracts/saga.ts';
import type { EffectStep } from './effect.ts';
import type { Cancellation } from './undoing.ts';

/** Whose call it is. */
export interface Caller {
  readonly step: string;
  readonly objectId: string;
  readonly partnerId: string;
  readonly personal: SealedData | undefined;
}

/** @param reference what it is pending under: then it is asked about */
export const submitCall = (
  caller: Caller,
  effect: EffectStep,
  firstOfRound: number,
  request: JsonObject,
  reference?: string,
): ExternalCall => ({
  ...callOf(caller, effect, 'submit'),
  attempt: effect.attempt,
  attemptInRound: effect.attempt - firstOfRound + 1,
  ...(reference !== undefined && { reference }),
  request,
});

export const cancelCall = (
  caller: Caller,
  effect: EffectStep,
  { reference, requestedAtMs, firstOfRound }: Cancellation,
  request: JsonObject = {},
): ExternalCall => ({
  ...callOf(caller, effect, 'cancel'),
  attempt: effect.cancelAttempt,
  attemptInRound: effect.cancelAttempt - firstOfRound + 1,
  ...(reference !== undefined && { reference }),
  // A submission may have been in flight until the timeout after this moment: "none found" is proof only behind that and the settling.
  request: { ...request, requestedAtMs },
});

const callOf = <Operation extends ExternalCall['operation']>(
  { step, objectId, partnerId, personal }: Caller,
  { connector, doubt }: EffectStep,
  operation: Operation,
) => ({ step, connector, operation, objectId, partnerId, ...(doubt && { inDoubt: doubt }), ...(personal && { private: personal }) });
