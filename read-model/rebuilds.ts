import type { RebuildProgress } from '@sagahub/contracts/api/operations-views.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import type { Projector } from './projector.ts';

/** How often somebody who watches is told. */
const REPORT_MS = 250;

/** Rebuilds in the background, one at a time per projection. They end with their projectors; the next start goes on with what was begun. */
export class Rebuilds {
  readonly #ports: Ports;
  readonly #running = new Map<Projector, Promise<RebuildProgress>>();

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /**
   * Goes on with a rebuild that was interrupted, and begins one where other folds had a part in the documents: now, in whichever direction the
   * release was changed, and later where this one's are the newer ones.
   */
  async resume(projectors: Iterable<Projector>): Promise<void> {
    for (const projector of projectors) {
      projector.whenOutdated = () => void this.start(projector).catch(() => {});
      const begun = await this.#ports.documents.rebuilding(projector.projection.name);
      if (begun !== undefined || projector.outdated) this.start(projector).catch(() => {});
    }
  }

  /** Joins the one that is running. */
  start(projector: Projector): Promise<RebuildProgress> {
    const running = this.#running.get(projector);
    if (running) return running;
    const { logger } = this.#ports.telemetry;
    const fields = { projection: projector.projection.name };
    logger.info('rebuilding a projection', fields);
    const rebuilding = projector
      .rebuild()
      .then(
        (progress) => {
          logger.info('rebuilt a projection', { ...fields, events: progress.events, eventsPerSecond: progress.eventsPerSecond });
          return progress;
        },
        (error: unknown) => {
          if (!projector.isStopping) logger.error('a rebuild failed; what it has done is kept', fields, error);
          throw error;
        },
      )
      .finally(() => this.#running.delete(projector));
    this.#running.set(projector, rebuilding);
    return rebuilding;
  }

  /** Starts or joins one, and reports until it has finished. Not watching any longer does not stop it. */
  async *watch(projector: Projector, signal: AbortSignal): AsyncGenerator<RebuildProgress> {
    const finished = this.start(projector);
    finished.catch(() => {}); // thrown below, unless the watcher has left
    while (!signal.aborted) {
      const done = await Promise.race([finished, this.#ports.clock.sleep(REPORT_MS, signal)]);
      if (done) return yield done;
      if (projector.rebuilding) yield projector.rebuilding;
    }
  }
}
