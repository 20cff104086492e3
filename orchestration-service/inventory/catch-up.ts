import { newId } from '@sagahub/contracts/ids.ts';
import type { DiscountDefinition } from '@sagahub/contracts/ports/discounts.ts';
import { LOG_START } from '@sagahub/contracts/ports/event-store.ts';
import type { StockLevel } from '@sagahub/contracts/ports/stock.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { definitionOf, isDefinition } from './discount-definitions.ts';
import { chunksOf } from './loading.ts';
import { eachPage } from './log-pages.ts';
import { isApplied, isSet, settleLevels } from './stock-levels.ts';

/** Name of the checkpoint in the DocumentStore. Losing it costs one reading of the log. */
const PROJECTION = 'inventory-loads';

/** Makes up for loads that a crash cut short: what was set is applied, what was defined is in the table. Doing so again changes nothing. */
export const catchUp = async (
  ports: Pick<Ports, 'store' | 'stock' | 'discounts' | 'documents' | 'clock'>,
  signal: AbortSignal,
): Promise<void> => {
  const { store, discounts, documents } = ports;
  const head = await store.lastPosition();
  const checkpoint = await documents.checkpoint(PROJECTION);
  const unsettled = new Map<string, StockLevel>();
  const definitions = new Map<string, DiscountDefinition>();
  // A checkpoint ahead of the log is of another one: a backup was restored.
  const after = checkpoint > head ? LOG_START : checkpoint;
  for await (const events of eachPage(store, ['stock', 'discount'], after)) {
    if (signal.aborted) return;
    for (const event of events)
      if (isSet(event)) unsettled.set(event.data.sku, { sku: event.data.sku, available: event.data.available, revision: event.revision });
      else if (isApplied(event) && unsettled.get(event.data.sku)?.revision === event.data.levelRevision) unsettled.delete(event.data.sku);
      else if (isDefinition(event)) definitions.set(event.data.code, definitionOf(event));
  }
  const act = { by: 'hub', correlationId: newId() };
  for (const levels of chunksOf([...unsettled.values()])) await settleLevels(ports, levels, act);
  for (const chunk of chunksOf([...definitions.values()])) await discounts.define(chunk);
  if (head !== checkpoint) await documents.write(PROJECTION, [], head);
};
