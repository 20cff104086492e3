import type { TimelineEntry } from '@sagahub/contracts/api/order-views.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { LogCursors } from '../log-cursor.ts';
import type { KnownEvent } from '../projections/order-change.ts';
import { describeEvent } from './timeline-texts.ts';

/**
 * Turns an order's events, oldest first, into what a person reads. It remembers when things began, so that entries which end something
 * say how long it took.
 */
export class TimelineWriter {
  readonly #cursors: LogCursors;
  /** Since when, ISO 8601, by what is measured. */
  readonly #since = new Map<'order' | 'erp' | 'attempt' | 'undoing' | 'stuck', string>();

  constructor(cursors: LogCursors) {
    this.#cursors = cursors;
  }

  entry(event: RecordedEvent): TimelineEntry {
    const { time, actor } = event.metadata;
    const durationMs = this.#measure(event as unknown as KnownEvent, time);
    return {
      id: this.#cursors.encode(event.position),
      revision: event.revision,
      at: time,
      type: event.type,
      ...describeEvent(event as unknown as KnownEvent),
      actor,
      ...(durationMs !== undefined && { durationMs }),
    };
  }

  #measure(event: KnownEvent, at: string): number | undefined {
    switch (event.type) {
      case 'OrderReceived':
        return this.#begin('order', at);
      case 'ErpSubmissionRequested':
        this.#begin('attempt', at);
        return this.#begin('erp', at);
      case 'ErpAttemptStarted':
      case 'ErpSubmissionRetried':
        this.#begin('attempt', at);
        return event.type === 'ErpSubmissionRetried' ? this.#end('stuck', at) : undefined;
      case 'ErpAttemptFailed':
        return this.#restart('attempt', at, event.data.nextAt);
      case 'ErpSubmissionRefused':
        return this.#end('attempt', at);
      case 'ErpSubmissionFailed':
        this.#begin('stuck', at);
        return this.#end('erp', at, false);
      case 'OrderSentToErp':
        return this.#end('erp', at);
      case 'CancellationRequested':
      case 'CompensationRequested':
      case 'ErpDeadlineExceeded':
        return this.#begin('undoing', at);
      case 'ErpCancellationRequested':
        return this.#begin('attempt', at);
      case 'ErpCancellationAttemptFailed':
        return this.#restart('attempt', at, event.data.nextAt);
      case 'ErpOrderCancelled':
        return this.#end('attempt', at);
      case 'OrderCompleted':
        return this.#end('order', at, false);
      case 'OrderRejected':
      case 'OrderCancelled':
        return this.#end('undoing', at) ?? this.#end('order', at, false);
      default:
        return undefined;
    }
  }

  #begin(what: 'order' | 'erp' | 'attempt' | 'undoing' | 'stuck', at: string): undefined {
    this.#since.set(what, at);
  }

  #end(what: 'order' | 'erp' | 'attempt' | 'undoing' | 'stuck', at: string, forget = true): number | undefined {
    const since = this.#since.get(what);
    if (forget) this.#since.delete(what);
    return since === undefined ? undefined : Math.max(0, Date.parse(at) - Date.parse(since));
  }

  #restart(what: 'attempt', at: string, next: string): number | undefined {
    const took = this.#end(what, at);
    this.#begin(what, next);
    return took;
  }
}
