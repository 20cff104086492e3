import type { RebuildProgress } from '@sagahub/contracts/api/operations-views.ts';
import { type Figure, figure } from './figures.ts';
import type { Site } from './site.ts';

/** How fast the read model of all orders is folded from the log again, while the old one stays readable. */
export const measureRebuild = async (site: Site): Promise<readonly Figure[]> => {
  const startedMs = performance.now();
  const { status, body, text } = await site.hub.client('operator').post('/api/v1/admin/projections/orders/rebuild');
  if (status !== 200) throw new Error(`the rebuild was answered ${status}: ${text}`);
  const { events } = body as RebuildProgress;
  const perSecond = (events / (performance.now() - startedMs)) * 1_000;
  return [figure(`read model rebuilt from ${events.toLocaleString('en')} events, events/s`, perSecond.toFixed(0), perSecond)];
};
