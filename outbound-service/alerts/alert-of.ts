import { causeOf } from '@sagahub/contracts/causes.ts';
import { objectIdOf, type RecordedEvent } from '@sagahub/contracts/events.ts';
import { derivedId } from '@sagahub/contracts/ids.ts';
import type { AlertRaised } from '@sagahub/contracts/messages/alert.ts';
import type { BreakerEvent, EngineEvent } from '@sagahub/contracts/messages/hub.ts';
import type { OrderEvent } from '@sagahub/contracts/messages/order.ts';

type Alert = AlertRaised['data'];
type About = Pick<Alert, 'type' | 'cause' | 'reason'> & { readonly deadLetterId?: string; readonly connector?: string };

/** What an event is an alert about, if anything. No personal data: reasons hold none. */
export const alertOf = (logId: string, event: RecordedEvent): Alert | undefined => {
  const about = aboutOf(event as unknown as OrderEvent | EngineEvent | BreakerEvent);
  return about && alertAbout(logId, event, about);
};

/** The ERP has a completed order twice. */
export const surplusAlert = (logId: string, event: RecordedEvent, erpRef: string): Alert =>
  alertAbout(logId, event, { type: 'order.stuck', cause: 'surplus:surplus', reason: `the ERP has it twice, also as ${erpRef}` });

const alertAbout = (logId: string, event: RecordedEvent, about: About): Alert => {
  const { stream, revision, metadata } = event;
  const isOrder = about.type !== 'breaker.opened';
  return {
    alertId: derivedId(logId, 'alert', stream, String(revision)),
    ...about,
    occurredAt: metadata.time,
    stream,
    revision,
    ...(isOrder && { orderId: objectIdOf(stream) }),
    ...(isOrder && metadata.partnerId !== undefined && { partnerId: metadata.partnerId }),
  };
};

const aboutOf = (event: OrderEvent | EngineEvent | BreakerEvent): About | undefined => {
  switch (event.type) {
    case 'ErpSubmissionFailed': {
      const { reason, status, deadLetterId } = event.data;
      return { type: 'order.stuck', cause: `erp:${causeOf({ reason, status })}`, reason, deadLetterId };
    }
    case 'StepFaulted': {
      const { step, error, nextAt } = event.data;
      return nextAt === undefined
        ? { type: 'order.stuck', cause: `step:${causeOf({ reason: error })}`, reason: `${step}: ${error}` }
        : undefined;
    }
    case 'CompensationFailed': {
      const { step, reason } = event.data;
      return { type: 'order.stuck', cause: `compensation:${causeOf({ reason })}`, reason: `${step}: ${reason}` };
    }
    case 'ErpOverdueFlagged':
      return { type: 'order.overdue', cause: 'erp-overdue', reason: `asked at ${event.data.requestedAt}` };
    case 'BreakerOpened': {
      const { connector, cause } = event.data;
      return { type: 'breaker.opened', cause: `breaker-open:${connector}`, reason: cause, connector };
    }
    default:
      return undefined;
  }
};
