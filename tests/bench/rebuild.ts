import { NDJSON } from '@sagahub/contracts/api/long-answer.ts';
import { type Figure, figure } from './figures.ts';
import type { Restored } from './installation.ts';
import type { Site } from './site.ts';

const COMPARISON = 'projections/orders/drift';

/** Long work that operators start: what it is, where, and what of its last report counts. */
const WORK = [
  { what: 'log verified', path: 'audit/verify', unit: 'events' },
  { what: 'read model of orders rebuilt', path: 'projections/orders/rebuild', unit: 'events' },
  { what: 'read model of orders compared with the log', path: COMPARISON, unit: 'streams' },
] as const;

/**
 * How fast the log is proved, the read model of all orders folded from it again, and compared, while the hub serves and the old one stays readable; and
 * how fast a log in PostgreSQL is dumped and restored.
 */
export const measureRebuild = async (site: Site): Promise<readonly Figure[]> => {
  const operator = site.hub.client('operator');
  const { accepted } = await site.stats();
  const figures: Figure[] = [];
  for (const { what, path, unit } of WORK) {
    if (path === COMPARISON && accepted > (site.profile.comparedUpTo ?? Infinity)) {
      figures.push(figure(what, `left out: more than ${site.profile.comparedUpTo} orders`, null));
      continue;
    }
    const startedMs = performance.now();
    const { status, text } = await operator.post(`/api/v1/admin/${path}`, undefined, { accept: NDJSON });
    if (status !== 200) throw new Error(`${path} was answered ${status}: ${text}`);
    const done: number = JSON.parse(text.trim().split('\n').at(-1) ?? '{}')[unit];
    const perSecond = (done / (performance.now() - startedMs)) * 1_000;
    figures.push(figure(`${what}: ${done.toLocaleString('en')} ${unit}, a second`, perSecond.toFixed(0), perSecond));
  }
  const restored = await site.dumpAndRestore?.();
  return restored ? [...figures, ...restoringFigures(restored)] : figures;
};

const restoringFigures = ({ events, bytes, dumpMs, restoreMs }: Restored): readonly Figure[] => {
  const of = `${events.toLocaleString('en')} events`;
  const perEvent = bytes / events;
  const [dumped, restored] = [dumpMs, restoreMs].map((ms) => (events / ms) * 1_000) as [number, number];
  return [
    figure(`log and keys dumped: ${of}, a second`, dumped.toFixed(0), dumped),
    figure(`log and keys dumped: compressed, bytes an event`, perEvent.toFixed(0), perEvent),
    figure(`log and keys restored: ${of}, a second`, restored.toFixed(0), restored),
  ];
};
