import type { TimelineEntry } from '@sagahub/contracts/api/object-views.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { LogCursors } from '../log-cursor.ts';
import type { FlowView } from './flow-view.ts';
import { Stopwatch } from './stopwatch.ts';

/** Turns an object's events, oldest first, into what a person reads; entries which end something say how long it took. */
export class TimelineWriter {
  readonly #view: Pick<FlowView, 'describe' | 'measure'>;
  readonly #cursors: LogCursors;
  readonly #watch = new Stopwatch();

  constructor(view: Pick<FlowView, 'describe' | 'measure'>, cursors: LogCursors) {
    this.#view = view;
    this.#cursors = cursors;
  }

  entry(event: RecordedEvent): TimelineEntry {
    const { time, actor } = event.metadata;
    const durationMs = this.#view.measure(event, this.#watch);
    const { area, title, detail, attempt } = this.#view.describe(event);
    return {
      id: this.#cursors.encode(event.position),
      revision: event.revision,
      at: time,
      type: event.type,
      area,
      title,
      ...(detail !== undefined && { detail }),
      ...(attempt !== undefined && { attempt }),
      actor,
      ...(durationMs !== undefined && { durationMs }),
    };
  }
}
