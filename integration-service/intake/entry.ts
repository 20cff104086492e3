import type { Channel } from '@sagahub/contracts/api/channel.ts';
import { type ApiRequest, principalOf } from '@sagahub/contracts/api/route.ts';
import type { Principal } from '@sagahub/contracts/ports/identity.ts';
import { parseIdempotencyKey } from '../idempotency-key.ts';

/** How a command came in. */
export interface Entry {
  readonly principal: Pick<Principal, 'clientId' | 'partnerId'>;
  readonly idempotencyKey: string | undefined;
  readonly correlationId: string;
  readonly traceparent: string | undefined;
  readonly channel: Channel;
}

export const channelOf = ({ channel = 'http' }: ApiRequest): Channel => channel;

/** @throws MalformedRequestError an Idempotency-Key that is none */
export const entryOf = (request: ApiRequest): Entry => ({
  principal: principalOf(request),
  idempotencyKey: parseIdempotencyKey(request.headers['idempotency-key']),
  correlationId: request.correlationId,
  traceparent: request.traceparent,
  channel: channelOf(request),
});
