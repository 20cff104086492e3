import { WEBHOOK_TYPES } from '@sagahub/contracts/api/webhook-events.ts';
import { durations, integer, type Settings } from '@sagahub/contracts/config.ts';
import { z } from 'zod';
import { topicMatches } from './topic.ts';

export interface ConsumerSetting {
  readonly name: string;
  /** AMQP topic patterns over public event types. */
  readonly patterns: readonly string[];
  /** ISO 8601. Where it starts when it is new; absent: with what comes. */
  readonly since?: string;
}

const NAME = /^[a-z][a-z0-9-]{0,49}$/;
const WORD = /^(?:\*|#|[a-z-]+)$/;

const consumerIn = (text: string, problem: (what: string) => void): ConsumerSetting => {
  const [name = '', list = ''] = text.split(/=(.*)/s).map((part) => part.trim());
  const [patternList = '', since] = list.split(/@(.*)/s).map((part) => part.trim());
  const patterns = patternList.split(',').map((pattern) => pattern.trim());
  if (!NAME.test(name)) problem(`"${name}" is no name: up to 50 of a-z, 0-9 and -, a letter first`);
  for (const pattern of patterns) {
    if (!pattern.split('.').every((word) => WORD.test(word))) problem(`"${pattern}" of ${name} is no pattern: words, * and # between dots`);
    else if (!WEBHOOK_TYPES.some((type) => topicMatches(pattern, type)))
      problem(`"${pattern}" of ${name} matches nothing; there is ${WEBHOOK_TYPES.join(', ')}`);
  }
  if (since !== undefined && !z.iso.datetime().safeParse(since).success)
    problem(`"${since}" of ${name} is no time such as 2026-11-20T10:00:00Z`);
  return { name, patterns, ...(since !== undefined && { since }) };
};

/** `ledger=payment.#;notifier=payment.approved,order.completed@2026-11-20T10:00:00Z`; every mistake is told at once. */
const consumers = () =>
  z
    .string()
    .default('')
    .transform((text, context): readonly ConsumerSetting[] => {
      const problem = (message: string): void => context.addIssue({ code: 'custom', message });
      const entries = text.split(';').filter((entry) => entry.trim() !== '');
      const found = entries.map((entry) => consumerIn(entry, problem));
      const names = found.map(({ name }) => name);
      for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) problem(`${name} is there twice`);
      return found;
    });

/** Events for consumers behind a broker. */
export const broadcastSettings = {
  eventsUrl: {
    env: 'HUB_EVENTS_URL',
    schema: z
      .string()
      .regex(/^amqps?:\/\//, 'must begin with amqp:// or amqps://')
      .optional(),
    description:
      "RabbitMQ that events are broadcast on (exchange `sagahub.events`), with the hub's user and virtual host. Without it none are.",
    secret: true,
  },
  consumers: {
    env: 'HUB_CONSUMERS',
    schema: consumers(),
    description:
      'Who gets a queue of events: `name=patterns` separated by `;`, the patterns being AMQP topics over event types, such as `ledger=payment.#;notifier=payment.approved,order.completed`. A new one starts with what comes, or with `@2026-11-20T10:00:00Z` behind its patterns at that time.',
  },
  consumerRetryDelaysMs: {
    env: 'HUB_CONSUMER_RETRY_DELAYS',
    schema: durations('10s,1m,10m,1h'),
    description: 'Waits behind the first refusal of an event by a consumer, the second, and so on; then it becomes a dead letter.',
  },
  consumerQueueLimit: {
    env: 'HUB_CONSUMER_QUEUE_LIMIT',
    schema: integer(100_000, 10, 500_000),
    description: 'Events that wait in the queue of a consumer at most; what is beyond stays in the log until half of them are taken.',
  },
} satisfies Settings;
