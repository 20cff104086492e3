import { appendContract } from './event-store-append.contract.ts';
import { historyContract } from './event-store-history.contract.ts';
import { lifeContract } from './event-store-life.contract.ts';
import { subscriptionContract } from './event-store-subscription.contract.ts';
import type { OpenHarness } from './event-store-harness.contract.ts';

/** Everything `event-store.ts` promises. An adapter's test calls it in one line. @param many orders of ten events each that it has to hold */
export const eventStoreContract = (adapter: string, open: OpenHarness, { many = 10_000 }: { readonly many?: number } = {}) =>
  describe(`EventStore contract: ${adapter}`, () => {
    describe('appending', () => appendContract(open));
    describe('history', () => historyContract(open));
    describe('subscriptions', () => subscriptionContract(open));
    describe('life', () => lifeContract(open, many));
  });
