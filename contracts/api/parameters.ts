import { z } from 'zod';
import { type Fault, MalformedRequestError } from '../errors.ts';
import type { ApiRequest } from './route.ts';

/** Query parameters of a route: what OpenAPI says and what is parsed, in one place. */
export type QuerySpec = Readonly<Record<string, { readonly description: string; readonly schema: z.ZodType }>>;
export type QueryOf<Spec extends QuerySpec> = { readonly [Name in keyof Spec]: z.output<Spec[Name]['schema']> };

/** @throws MalformedRequestError listing every parameter that is unknown, given twice or of the wrong form */
export const readQuery = <Spec extends QuerySpec>(request: ApiRequest, spec: Spec): QueryOf<Spec> => {
  const faults: Fault[] = [];
  const parsed: Record<string, unknown> = {};
  for (const parameter of Object.keys(request.query))
    if (!Object.hasOwn(spec, parameter))
      faults.push({
        parameter,
        code: 'unknown-parameter',
        detail: `is not known here; known are ${Object.keys(spec).join(', ') || 'none'}`,
      });
  for (const [parameter, { schema }] of Object.entries(spec)) {
    const sent = request.query[parameter];
    if (typeof sent === 'object') {
      faults.push({ parameter, code: 'repeated-parameter', detail: 'may be given once' });
      continue;
    }
    const result = schema.safeParse(sent);
    if (result.success) parsed[parameter] = result.data;
    else for (const { message } of result.error.issues) faults.push({ parameter, code: 'invalid-parameter', detail: message });
  }
  if (faults.length > 0) {
    const named = faults.map((fault) => fault.parameter).join(', ');
    throw new MalformedRequestError(`the query needs attention: ${named}`, { code: 'HUB_INVALID_PARAMETER', faults });
  }
  return parsed as QueryOf<Spec>;
};

/** A moment with its offset, as ISO 8601 UTC with milliseconds: comparable with the times of events. */
export const moment = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-11-20T10:00:00Z' })
  .transform((text) => new Date(text).toISOString());

export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,12}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

/** `a,b,c`, each one of the given words. */
export const words = <const Word extends string>(known: readonly [Word, ...Word[]]) =>
  z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(known, `must be one or more of ${known.join(', ')}, separated by commas`)).min(1));

/** One of the given words. */
export const word = <const Word extends string>(known: readonly [Word, ...Word[]]) => z.enum(known, `must be one of ${known.join(', ')}`);

const DEFAULT_LIMIT = 50;
/** `limit` and `cursor` of a list in pages. */
export const pageParameters = (maxLimit: number) => ({
  limit: { description: `Items per page, 1 to ${maxLimit}.`, schema: wholeNumber(1, maxLimit).default(DEFAULT_LIMIT) },
  cursor: { description: '`next` of the page before, with the same filters.', schema: z.string().max(2_000).optional() },
});

/** A place in a list, opaque outside. */
export const encodeCursor = (...parts: readonly string[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

/**
 * The parts of a cursor made by {@link encodeCursor}.
 * @param kind the first part: what the cursor belongs to
 * @param count how many parts follow
 * @throws MalformedRequestError it is no cursor, or one of something else
 */
export const decodeCursor = (cursor: string, kind: string, count: number): readonly string[] => {
  const parts = partsOf(cursor);
  if (parts?.length !== count + 1) throw notACursor('is not one the hub gave you; start without one');
  if (parts[0] !== kind) throw notACursor('belongs to a query with other filters: repeat that query, or start without a cursor');
  return parts.slice(1);
};

const partsOf = (cursor: string): readonly string[] | undefined => {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(parts) && parts.every((part) => typeof part === 'string') ? parts : undefined;
  } catch {
    return undefined;
  }
};

const notACursor = (detail: string): MalformedRequestError =>
  new MalformedRequestError(`the cursor ${detail}`, {
    code: 'HUB_INVALID_PARAMETER',
    faults: [{ parameter: 'cursor', code: 'not-a-cursor', detail }],
  });
