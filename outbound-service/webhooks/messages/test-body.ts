import { TEST_TYPE } from '@sagahub/contracts/api/webhook-events.ts';

/** The bytes of a message that somebody asked for to try an endpoint. */
export const testBody = (subscriptionId: string, occurredAt: string): string =>
  JSON.stringify({ type: TEST_TYPE, timestamp: occurredAt, data: { subscriptionId } });
