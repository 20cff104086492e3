/** Reading what an operator sent. */
import { faultsOf, parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { decodeCursor, encodeCursor, pageParameters, readQuery } from '@sagahub/contracts/api/parameters.ts';
import { type ApiRequest, principalOf } from '@sagahub/contracts/api/route.ts';
import { type Fault, MalformedRequestError, ValidationError } from '@sagahub/contracts/errors.ts';
import type { z } from 'zod';
import { parseCsv } from './csv.ts';
import type { Act } from './loading.ts';
import { type LevelItem, stockLoadSchema } from './schemas.ts';
import type { Match } from './stock-levels.ts';

export const actOf = (request: ApiRequest): Act => ({
  by: `client:${principalOf(request).clientId}`,
  correlationId: request.correlationId,
  traceparent: request.traceparent,
});

/** @throws ValidationError every fault, in a CSV file with its line */
export const readStockLoad = ({ body }: ApiRequest): readonly LevelItem[] => {
  if (typeof body !== 'string') return parseOrFault(stockLoadSchema, body).items;
  const records = parseCsv(body, ['sku', 'available']);
  const items = records.map(({ fields }) => ({ sku: fields[0], available: fields[1] }));
  try {
    return parseOrFault(stockLoadSchema, { items }).items;
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    throw new ValidationError(error.extensions.errors.map((fault) => withLine(fault, records)));
  }
};

const withLine = (fault: Fault, records: readonly { readonly line: number }[]): Fault => {
  const place = /^#\/items\/(\d+)/.exec(fault.pointer ?? '')?.[1];
  const line = place === undefined ? undefined : records[Number(place)]?.line;
  return line === undefined ? fault : { ...fault, detail: `line ${line}: ${fault.detail}` };
};

/** A path parameter. */
export const readName = ({ params }: ApiRequest, parameter: string, schema: z.ZodType<string>): string => {
  const parsed = schema.safeParse(params[parameter]);
  if (parsed.success) return parsed.data;
  throw new ValidationError(faultsOf(parsed.error.issues).map(({ code, detail }) => ({ parameter, code, detail })));
};

/** A revision as an entity tag; strong, since it changes with every load. */
export const entityTag = (revision: number): string => `"${revision}"`;

/** `If-Match: "7"` or `*`. */
export const readMatch = ({ headers }: ApiRequest): Match => {
  const sent = headers['if-match']?.trim();
  if (sent === undefined || sent === '*') return sent;
  const revision = /^"(\d{1,15})"$/.exec(sent)?.[1];
  if (revision !== undefined) return Number(revision);
  const fault = { header: 'If-Match', code: 'not-an-entity-tag', detail: 'must be an ETag as it was answered, such as "7", or *' };
  throw new MalformedRequestError('the header If-Match cannot be read', { faults: [fault] });
};

/** @throws MalformedRequestError one tag cannot stand for many items */
export const readLoadMatch = (request: ApiRequest, items: readonly unknown[]): Match => {
  const match = readMatch(request);
  if (match === undefined || match === '*' || items.length === 1) return match;
  const fault = {
    header: 'If-Match',
    code: 'ambiguous',
    detail: 'names one revision, the load has many items; send such items one by one',
  };
  throw new MalformedRequestError('the header If-Match does not fit the load', { faults: [fault] });
};

export interface PageRequest {
  readonly limit: number;
  /** Key of the last item of the page before. */
  readonly after?: string;
}

export const PAGE = pageParameters(500);

/** @param list what its cursors belong to */
export const readPage = (request: ApiRequest, list: string): PageRequest => {
  const { limit, cursor } = readQuery(request, PAGE);
  const [after] = cursor === undefined ? [] : decodeCursor(cursor, list, 1);
  return { limit, ...(after !== undefined && { after }) };
};

/** @param found one more than the page holds, when there are more */
export const pageBody = <Item>(found: readonly Item[], limit: number, list: string, keyOf: (item: Item) => string) => {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, ...(found.length > limit && last && { next: encodeCursor(list, keyOf(last)) }) };
};
