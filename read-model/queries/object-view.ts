import type { HealthView, WaitingView, WebhookCounts } from '@sagahub/contracts/api/object-views.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { type FlowView, idOf, namesOf, type ObjectDocument, type OpenBreakers, type Personal, type Shown } from './flow-view.ts';
import { healthOf } from './health.ts';
import type { ObjectAt } from './object-reader.ts';

/** @param nowMs what its health is told as of */
export const summaryOf = (view: FlowView, document: ObjectDocument, breakers: OpenBreakers, nowMs: number): object => ({
  ...sharedFields(view, shownOf(view, document, breakers, nowMs)),
  links: linksOf(view, document),
});

/** @param health what it is told as of now */
export const viewOf = (
  view: FlowView,
  { document, revision }: ObjectAt,
  { waiting, health }: { readonly waiting: WaitingView | undefined; readonly health: HealthView | undefined },
  personal: Personal,
  webhooks?: WebhookCounts,
): object => ({
  ...sharedFields(view, { document, waiting, health }),
  revision,
  correlationId: document.correlationId,
  ...view.detailOf(document, personal),
  ...(webhooks && { webhooks }),
  deadLetters: document.deadLetters.map(({ deadLetterId, origin, state, reason, failedAt }) => ({
    deadLetterId,
    origin,
    state,
    reason,
    failedAt,
  })),
  links: { ...linksOf(view, document), ...view.linksOf(document) },
});

/** What an event changed; `document` is folded up to it. */
export const changeOf = (view: FlowView, event: RecordedEvent, document: ObjectDocument, breakers: OpenBreakers): object => {
  const { partnerId, status, state } = document;
  const waiting = waitingOf(view, document, breakers);
  const { revision, type, metadata } = event;
  return { ...namesOf(view, document), partnerId, revision, type, at: metadata.time, status, state, ...(waiting && { waiting }) };
};

/** @param nowMs what its health is told as of */
export const shownOf = (view: FlowView, document: ObjectDocument, breakers: OpenBreakers, nowMs: number): Shown<ObjectDocument> => ({
  document,
  waiting: waitingOf(view, document, breakers),
  health: healthOf(view, document, breakers, nowMs),
});

const linksOf = (view: FlowView, document: ObjectDocument) => {
  const self = `${view.path}/${idOf(view, document)}`;
  return { self, timeline: `${self}/timeline` };
};

const sharedFields = (view: FlowView, { document, waiting, health }: Shown<ObjectDocument>): object => ({
  ...namesOf(view, document),
  partnerId: document.partnerId,
  status: document.status,
  state: document.state,
  ...(waiting && { waiting }),
  ...(health && { health }),
  ...view.fieldsOf(document),
  receivedAt: document.receivedAt,
  updatedAt: document.updatedAt,
  ...(document.endedAt !== undefined && { endedAt: document.endedAt }),
});

/** While the breaker is open nothing is tried: that, and not the last failure, is what the object waits for. */
const waitingOf = (view: FlowView, document: ObjectDocument, breakers: OpenBreakers): WaitingView | undefined => {
  const { waiting } = document;
  const breaker = breakers.get(view.connectorOf(document) ?? '');
  if (!waiting || !breaker) return waiting;
  const { nextAt: _nextAt, cause: _cause, ...rest } = waiting;
  const reason = `nothing is sent to ${breaker.connector} since ${breaker.since}: ${breaker.cause ?? 'its breaker was opened'}`;
  return { ...rest, ...(breaker.probeAt !== undefined && { nextAt: breaker.probeAt }), reason };
};
