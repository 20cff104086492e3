import { causeOf } from '@sagahub/contracts/causes.ts';
import { objectIdOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import { derivedId } from '@sagahub/contracts/ids.ts';
import type { AlertRaised } from '@sagahub/contracts/messages/alert.ts';
import type { BreakerEvent, EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import type { CompensationFailed } from '@sagahub/contracts/messages/order.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import { alertFaceOf } from './flows.ts';
import type { About, AlertFace } from './flows/face.ts';

type Alert = AlertRaised['data'];

/** What an event is an alert about, if anything. */
export const alertOf = (logId: string, event: RecordedEvent): Alert | undefined => {
  const face = alertFaceOf(event.stream);
  if (!face) return breakerAlert(logId, event);
  const about = aboutOfAny(event as unknown as EngineEvent | CompensationFailed) ?? face.aboutOf(event);
  return about && objectAlert(logId, face, event, about);
};

/**
 * What it is an alert about together with what was before it.
 * @param next the event behind it in the feed
 */
export const alertLookingBack = async (
  store: Pick<EventStore, 'logId' | 'readStream'>,
  event: RecordedEvent,
  next: RecordedEvent | undefined,
): Promise<Alert | undefined> => {
  const face = alertFaceOf(event.stream);
  const about = await face?.lookBack?.(store, event, next);
  return face && about && objectAlert(store.logId, face, event, about);
};

const aboutOfAny = (event: EngineEvent | CompensationFailed): About | undefined => {
  if (event.type === 'StepFaulted' && event.data.nextAt === undefined) {
    const { step, error } = event.data;
    return { what: 'stuck', cause: `step:${causeOf({ reason: error })}`, reason: `${step}: ${error}` };
  }
  if (event.type !== 'CompensationFailed') return undefined;
  const { step, reason } = event.data;
  return { what: 'stuck', cause: `compensation:${causeOf({ reason })}`, reason: `${step}: ${reason}` };
};

const objectAlert = (logId: string, { flow }: AlertFace, event: RecordedEvent, { what, ...about }: About): Alert => {
  const { partnerId } = event.metadata;
  const whose = { [`${flow}Id`]: objectIdOf(event.stream), ...(partnerId !== undefined && { partnerId }) };
  return { alertId: idOf(logId, event), type: `${flow}.${what}`, ...about, ...placeOf(event), ...whose };
};

const breakerAlert = (logId: string, event: RecordedEvent): Alert | undefined => {
  const body = event as unknown as BreakerEvent;
  if (body.type !== 'BreakerOpened') return undefined;
  const { connector, cause } = body.data;
  const about = { cause: `breaker-open:${connector}`, reason: cause, connector };
  return { alertId: idOf(logId, event), type: 'breaker.opened', ...about, ...placeOf(event) };
};

const idOf = (logId: string, { stream, revision }: RecordedEvent): string => derivedId(logId, 'alert', stream, String(revision));
const placeOf = ({ stream, revision, metadata }: RecordedEvent) => ({ occurredAt: metadata.time, stream, revision });
