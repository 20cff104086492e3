import type { EventBroadcast } from '@sagahub/contracts/ports/event-broadcast.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { type OutboundConfig, outboundSettings } from '@sagahub/outbound-service/config.ts';

/** The way to consumers of events; only where `HUB_EVENTS_URL` names a broker is its driver loaded. */
export const openBroadcast = async (
  { eventsUrl: url, consumerRetryDelaysMs: delaysMs }: OutboundConfig,
  { clock, telemetry: { logger } }: Pick<Ports, 'clock' | 'telemetry'>,
): Promise<EventBroadcast | undefined> => {
  if (url === undefined) return undefined;
  const { openRabbitMqEventBroadcast } = await import('@sagahub/adapters/rabbitmq/event-broadcast.ts');
  return openRabbitMqEventBroadcast({ url, setting: outboundSettings.eventsUrl.env, delaysMs, clock, logger });
};
