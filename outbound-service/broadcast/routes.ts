import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { operatorReason } from '@sagahub/contracts/api/reason.ts';
import { JSON_BODY, type Route } from '@sagahub/contracts/api/route.ts';
import { NotFoundError, ValidationError } from '@sagahub/contracts/errors.ts';
import type { EventBroadcast } from '@sagahub/contracts/ports/event-broadcast.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { z } from 'zod';
import { operatorOf } from '../admin/acts.ts';
import { FACE_CATEGORIES } from '../webhooks/flows.ts';
import { positionOf } from './broadcaster.ts';
import type { ConsumerSetting } from './config.ts';
import { readConsumers, recordConsumers } from './consumers.ts';
import type { Member } from './member.ts';

export interface ConsumerContext extends Pick<Ports, 'store' | 'documents' | 'clock'> {
  readonly broadcast: EventBroadcast | undefined;
  readonly consumers: readonly ConsumerSetting[];
  /** Empty where another process leads. */
  members(): readonly Member[];
}

const TAG = 'Consumers';
const PATH = '/api/v1/admin/consumers';

const count = z.int().nonnegative();
const consumerView = z
  .object({
    name: z.string(),
    patterns: z.array(z.string()).describe('AMQP topic patterns over event types'),
    position: z.string().describe('everything of the log up to here was put into its queue; a few seconds old'),
    behindSince: z.iso.datetime().optional().describe('when the oldest event happened that was not put there yet; absent: there is none'),
    waiting: count.optional().describe('events in its queue that nobody has in hand; absent: the broker does not say'),
    retrying: count.optional().describe('refused events that come again later'),
    readers: count.optional().describe('connections that take events'),
    oldestSeconds: z
      .number()
      .optional()
      .describe('for how long the oldest event in its queue has been there; told by the process that leads'),
    problem: z.string().optional(),
  })
  .meta({ id: 'Consumer' });
type ConsumerView = z.output<typeof consumerView>;

const position = z.string().regex(/^\d{1,18}$/, 'must be a position, in digits');
const recoverBody = z
  .strictObject({
    since: z.iso.datetime().optional().meta({ description: 'everything from this time on' }),
    position: position.optional().meta({ description: 'everything behind this position of the log; instead of `since`' }),
    reason: operatorReason,
  })
  .meta({ id: 'ConsumerRecovery' });

export const consumerRoutes = (context: ConsumerContext): readonly Route[] => [listRoute(context), recoverRoute(context)];

const listRoute = (context: ConsumerContext): Route => ({
  method: 'GET',
  path: PATH,
  scopes: ['admin'],
  operation: {
    operationId: 'listConsumers',
    summary: 'Consumers of events behind the broker',
    description: 'Those that `HUB_CONSUMERS` names. See also the dead letters of origin `consumer`.',
    tag: TAG,
    responses: { 200: { description: 'One entry per consumer', schema: z.object({ items: z.array(consumerView) }) } },
  },
  handle: async () => ({
    status: 200,
    body: { items: await Promise.all(context.consumers.map((consumer) => viewOf(context, consumer))) },
  }),
});

const recoverRoute = (context: ConsumerContext): Route => ({
  method: 'POST',
  path: `${PATH}/:name/recover`,
  scopes: ['admin'],
  body: JSON_BODY,
  operation: {
    operationId: 'recoverConsumer',
    summary: 'Bring a consumer everything since a time or position again',
    description:
      'From the log, in its order, and to this consumer alone. What is in its queue stays there: it meets some events twice, with the same `id`.',
    tag: TAG,
    requestSchema: recoverBody,
    requestExample: { since: '2026-11-20T10:00:00Z', reason: 'its database was restored from a backup of that time' },
    responses: {
      202: { description: 'Recorded; it begins within seconds', schema: z.object({ name: z.string(), position: z.string() }) },
    },
  },
  handle: async (request) => {
    const { name = '' } = request.params;
    const { store, consumers } = context;
    if (!consumers.some((one) => one.name === name))
      throw new NotFoundError(`consumer ${name}`, `there is ${consumers.map((one) => one.name).join(', ') || 'none'}`);
    const body = parseOrFault(recoverBody, request.body);
    const after = await afterOf(store, body);
    const { known, revision } = await readConsumers(store);
    if (!known.has(name)) throw new NotFoundError(`consumer ${name}`, 'it is being added; try again in a few seconds');
    const by = operatorOf(request);
    const data = { name, after: String(after), by, reason: body.reason };
    await recordConsumers(context, revision, [{ type: 'ConsumerRecoveryRequested', data }], {
      actor: by,
      correlationId: request.correlationId,
    });
    return { status: 202, body: { name, position: String(after) } };
  },
});

const afterOf = async (store: Ports['store'], { since, position: named }: z.output<typeof recoverBody>): Promise<bigint> => {
  if ((since === undefined) === (named === undefined))
    throw new ValidationError([{ pointer: '/since', code: 'one-of', detail: 'give either `since` or `position`' }]);
  // What happened at the moment itself belongs to what is wanted.
  if (since !== undefined) return store.positionAt(new Date(Date.parse(since) - 1).toISOString());
  const after = BigInt(named ?? '0');
  const last = await store.lastPosition();
  if (after <= last) return after;
  throw new ValidationError([{ pointer: '/position', code: 'out-of-range', detail: `the log ends at ${last}` }]);
};

const viewOf = async (context: ConsumerContext, { name, patterns }: ConsumerSetting): Promise<ConsumerView> => {
  const { store, documents, broadcast, clock } = context;
  const given = await documents.checkpoint(positionOf(name));
  const [next] = await store.readAll({ after: given, limit: 1, categories: FACE_CATEGORIES });
  const queue = await broadcast?.queueOf(name).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  const member = context.members().find((one) => one.name === name);
  const problem = member?.failure ?? (queue instanceof Error ? queue.message : queue === undefined ? 'it has no queue yet' : undefined);
  return {
    name,
    patterns: [...patterns],
    position: String(given),
    ...(next && { behindSince: next.metadata.time }),
    ...(queue && !(queue instanceof Error) && queue),
    ...(member && { oldestSeconds: Math.round(member.oldestAgeMs(clock.now()) / 1_000) }),
    ...(problem !== undefined && { problem }),
  };
};
