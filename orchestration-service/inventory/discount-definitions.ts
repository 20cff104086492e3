import { PreconditionFailedError } from '@sagahub/contracts/errors.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import { type DiscountDefined, discountStream } from '@sagahub/contracts/messages/inventory.ts';
import type { DiscountDefinition } from '@sagahub/contracts/ports/discounts.ts';
import { NO_STREAM } from '@sagahub/contracts/ports/event-store.ts';
import type { Ports } from '@sagahub/contracts/service.ts';
import { type Act, appendEach, chunksOf, newEvent } from './loading.ts';
import type { Match } from './stock-levels.ts';
import type { UnfinishedLoads } from './unfinished-loads.ts';

export type DiscountTerms = Omit<DiscountDefinition, 'revision'>;

/**
 * Each definition is a fact first, then in the table; what a crash leaves out is made up at start, and what a failure leaves out as soon as
 * it can be.
 * @throws PreconditionFailedError `match` names another definition than the last
 */
export const defineDiscounts = async (
  { store, discounts, clock, unfinished }: Pick<Ports, 'store' | 'discounts' | 'clock'> & { readonly unfinished?: UnfinishedLoads },
  terms: readonly DiscountTerms[],
  act: Act,
  match?: Match,
): Promise<readonly DiscountDefinition[]> => {
  const defined: DiscountDefinition[] = [];
  for (const chunk of chunksOf(terms)) {
    const known = new Map(
      (await discounts.balances({ codes: chunk.map(({ code }) => code) })).map(({ code, revision }) => [code, revision]),
    );
    const steps = chunk.map((definition) => {
      const revision = known.get(definition.code) ?? NO_STREAM;
      assertMatch(definition.code, match, revision);
      const body: DiscountDefined = { type: 'DiscountDefined', data: { ...definition, by: act.by } };
      return { stream: discountStream(definition.code), expectedRevision: revision, event: () => newEvent(body, act, clock.now()) };
    });
    const load = async (): Promise<readonly DiscountDefinition[]> => {
      const revisions = await appendEach(store, steps, (place, actual) => {
        assertMatch(chunk[place]!.code, match, actual);
        return Promise.resolve(actual);
      });
      const definitions = chunk.map((definition, place) => ({ ...definition, revision: revisions[place]! }));
      await discounts.define(definitions);
      return definitions;
    };
    const streams = steps.map(({ stream }) => stream);
    defined.push(...(await (unfinished?.attempt(streams, load) ?? load())));
  }
  return defined;
};

export const isDefinition = (event: RecordedEvent<string, any>): event is RecordedEvent<'DiscountDefined', DiscountDefined['data']> =>
  event.type === 'DiscountDefined';

export const definitionOf = ({ data, revision }: RecordedEvent<'DiscountDefined', DiscountDefined['data']>): DiscountDefinition => {
  const { by: _by, ...terms } = data;
  return { ...terms, revision };
};

const assertMatch = (code: string, match: Match, revision: number): void => {
  if (match === undefined || match === revision || (match === '*' && revision !== NO_STREAM)) return;
  throw new PreconditionFailedError(`the discount ${code}`, revision === NO_STREAM ? '(none: it was never defined)' : `"${revision}"`);
};
