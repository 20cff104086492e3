import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { Candidacy, Leadership, Term } from '@sagahub/contracts/ports/leadership.ts';

/** After work that ended early. */
const PAUSE_MS = 1_000;

/** Elections where this process is alone: whoever runs first for a name leads until it leaves. */
export const openInProcessLeadership = ({ clock }: { readonly clock: Clock }): Leadership => {
  const closing = new AbortController();
  /** Per name, what its candidates wait for: each for the one before. */
  const queues = new Map<string, Promise<void>>();
  const candidacies = new Set<Candidacy>();
  let epoch = 0n;

  return {
    lead(name: string, onLeading: (term: Term) => Promise<void>): Candidacy {
      const leaving = new AbortController();
      const stop = AbortSignal.any([closing.signal, leaving.signal]);
      let current: Term | undefined;

      const serve = async (): Promise<void> => {
        while (!stop.aborted) {
          epoch += 1n;
          const end = new AbortController();
          const term: Term = { name, epoch, signal: AbortSignal.any([stop, end.signal]) };
          current = term;
          await onLeading(term).catch(() => undefined);
          current = undefined;
          end.abort();
          await clock.sleep(PAUSE_MS, stop);
        }
      };
      const done = (queues.get(name) ?? Promise.resolve()).then(serve);
      queues.set(name, done);

      const candidacy: Candidacy = {
        get term() {
          return current;
        },
        async [Symbol.asyncDispose]() {
          leaving.abort();
          candidacies.delete(candidacy);
          if (current) await done;
        },
      };
      candidacies.add(candidacy);
      return candidacy;
    },

    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.all([...candidacies].map((candidacy) => candidacy[Symbol.asyncDispose]()));
    },
  };
};
