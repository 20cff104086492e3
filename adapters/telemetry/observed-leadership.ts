import type { Candidacy, Leadership, Term } from '@sagahub/contracts/ports/leadership.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';

/** Tells of every name that this process stands for whether it leads, in which term, and when that changes. */
export const observedLeadership = (inner: Leadership, telemetry: Telemetry): Leadership => {
  const candidacies = new Map<Candidacy, string>();
  const terms = (): Map<string, Term | undefined> => {
    const byName = new Map<string, Term | undefined>();
    for (const [{ term }, name] of candidacies) byName.set(name, term ?? byName.get(name));
    return byName;
  };
  telemetry.gauge(METRICS.leader.name, () => [...terms()].map(([leadership, term]) => [isOver(term) ? 0 : 1, { leadership }] as const));
  telemetry.gauge(METRICS.leaderEpoch.name, () =>
    [...terms()].flatMap(([leadership, term]) => (term && !isOver(term) ? [[Number(term.epoch), { leadership }] as const] : [])),
  );
  return {
    lead(name, onLeading) {
      const candidacy = inner.lead(name, async (term) => {
        const about = { leadership: name, epoch: String(term.epoch) };
        telemetry.logger.info('leads', about);
        try {
          await onLeading(term);
        } finally {
          telemetry.logger.info('leads no longer', about);
        }
      });
      const left: Candidacy = {
        get term() {
          return candidacy.term;
        },
        async [Symbol.asyncDispose]() {
          await candidacy[Symbol.asyncDispose]();
          candidacies.delete(left);
        },
      };
      candidacies.set(left, name);
      return left;
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
};

const isOver = (term: Term | undefined): boolean => term?.signal.aborted ?? true;
