import { type Fault, MalformedRequestError } from '@sagahub/contracts/errors.ts';
import type { ApiRequest } from '@sagahub/contracts/api/route.ts';
import { z } from 'zod';

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

export const PAGE_LIMIT = 200;
export const DEFAULT_LIMIT = 50;
