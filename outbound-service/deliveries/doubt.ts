import type { Found } from '@sagahub/contracts/ports/connector.ts';
import type { ExternalCall } from '@sagahub/contracts/saga.ts';
import type { Attempt } from './attempt.ts';

type Doubt = NonNullable<ExternalCall['inDoubt']>;

/** From when on "none found" proves that an attempt did nothing. One whose end nobody saw ended with its time limit at the latest. */
export const proofAtMs = (doubt: Doubt, connector: { readonly timeoutMs: number; readonly settleMs: number }): number =>
  (doubt.endedAtMs ?? doubt.startedAtMs + connector.timeoutMs) + connector.settleMs;

/** What a look-up told. It proves absence only as of the moment it began. */
export type Sighting =
  | { readonly kind: 'seen'; readonly live: readonly Found[]; readonly cancelled: readonly Found[]; readonly beganAtMs: number }
  /** It could not be made; what becomes of the attempt is taken care of. */
  | { readonly kind: 'handled' };

/** Looks the object up. A failing look-up says nothing about the attempt in doubt. */
export const lookUp = async (
  attempt: Attempt,
  onFailure: (trouble: { reason: string; retryAfterMs?: number }) => Promise<void>,
): Promise<Sighting> => {
  const { calls, clock } = attempt.context;
  const beganAtMs = clock.now();
  const outcome = await calls.lookup(await attempt.delivery(), attempt.permit);
  switch (outcome.kind) {
    case 'found': {
      const live = outcome.orders.filter((order) => order.live);
      return { kind: 'seen', live, cancelled: outcome.orders.filter((order) => !order.live), beganAtMs };
    }
    case 'misconfigured':
      await attempt.waitForBreaker();
      return { kind: 'handled' };
    default:
      await onFailure(outcome);
      return { kind: 'handled' };
  }
};

export const referencesOf = (found: readonly Found[]): string => found.map(({ reference }) => reference).join(', ');
