import { newId } from '@sagahub/contracts/ids.ts';
import type { DiscountDefinition } from '@sagahub/contracts/ports/discounts.ts';
import type { StockLevel } from '@sagahub/contracts/ports/stock.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { definitionOf, isDefinition } from './discount-definitions.ts';
import { type Act, chunksOf } from './loading.ts';
import { settleLevels, unsettledLevel } from './stock-levels.ts';

type LoadPorts = Pick<Ports, 'store' | 'stock' | 'discounts' | 'clock'>;

/**
 * Streams of loads that failed after their first append began: what they say may be in the log and not in the tables. Kept in memory, since
 * the next start catches up with the log anyway.
 */
export class UnfinishedLoads {
  readonly #streams = new Set<string>();
  #arrival = Promise.withResolvers<void>();

  /** Notes the streams when the load fails, however it does. */
  async attempt<Result>(streams: readonly string[], load: () => Promise<Result>): Promise<Result> {
    try {
      return await load();
    } catch (error) {
      for (const stream of streams) this.#streams.add(stream);
      this.#arrival.resolve();
      throw error;
    }
  }

  /** Resolves once there is something to finish, at once if there is. */
  get arrival(): Promise<void> {
    return this.#arrival.promise;
  }

  /** Brings the tables to what the streams say. When it fails, they are kept for another time. */
  async finish(ports: LoadPorts): Promise<void> {
    const act = { by: 'hub', correlationId: newId() };
    const streams = [...this.#streams];
    // Forgotten first: a load that fails meanwhile is noted anew.
    this.#streams.clear();
    this.#arrival = Promise.withResolvers();
    await this.attempt(streams, () => settle(ports, streams, act));
  }
}

const settle = async (ports: LoadPorts, streams: readonly string[], act: Act): Promise<void> => {
  for (const chunk of chunksOf(streams)) {
    const levels: StockLevel[] = [];
    const definitions: DiscountDefinition[] = [];
    for (const events of await Promise.all(chunk.map((stream) => ports.store.readStream(stream)))) {
      const level = unsettledLevel(events);
      const definition = events.findLast(isDefinition);
      if (level) levels.push(level);
      if (definition) definitions.push(definitionOf(definition));
    }
    if (levels.length > 0) await settleLevels(ports, levels, act);
    if (definitions.length > 0) await ports.discounts.define(definitions);
  }
};
