import type { z } from 'zod';
import { type Fault, ValidationError } from '../errors.ts';

/** Faults listed in one answer; what lies beyond is only counted. */
export const MAX_FAULTS = 100;
/** A member name somebody sent is repeated in a pointer up to this length. */
const MAX_KEY_IN_POINTER = 80;

/** The schema's output, or a ValidationError with every fault of the input. The happy path costs one parse and nothing else. */
export const parseOrFault = <Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> => {
  const parsed = schema.safeParse(input, EXPLAINING);
  if (parsed.success) return parsed.data;
  throw new ValidationError(faultsOf(parsed.error.issues));
};

/** At most {@link MAX_FAULTS}, and a closing note when there are more. */
export const faultsOf = (issues: readonly z.core.$ZodIssue[]): readonly Fault[] => {
  const faults: Fault[] = [];
  let total = 0;
  for (const issue of issues) {
    const places = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    total += places.length;
    for (const place of places.slice(0, MAX_FAULTS - faults.length)) faults.push(faultOf(issue, place));
  }
  if (total > faults.length) faults.push({ code: 'more-faults', detail: `${total - faults.length} more faults are not listed` });
  return faults;
};

/** JSON pointer as a URI fragment (RFC 6901 section 6). Total: whatever a client named its members, there is a pointer. */
export const pointerOf = (path: readonly PropertyKey[]): string => `#${path.map((key) => `/${pointerToken(String(key))}`).join('')}`;

const pointerToken = (key: string): string => {
  const short = key.length > MAX_KEY_IN_POINTER ? `${key.slice(0, MAX_KEY_IN_POINTER)}…` : key;
  return encodeURIComponent(short.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1'));
};

const faultOf = (issue: z.core.$ZodIssue, path: readonly PropertyKey[]): Fault => {
  const cause = issue.code === 'invalid_union' ? closestBranch(issue) : issue;
  return { pointer: pointerOf(path), code: codeOf(cause), detail: cause.message };
};

/** Of a union's branches, the one that took the input's type and refused its value; none: the union itself speaks. */
const closestBranch = (issue: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue =>
  issue.errors.find((branch) => branch[0] && branch[0].code !== 'invalid_type')?.[0] ?? issue;

/** Stable codes of a fault; a format's code is its name: `decimal-string` → `not-a-decimal-string`. */
const codeOf = (issue: z.core.$ZodIssue): string => {
  if (isAbsent(issue)) return 'required';
  switch (issue.code) {
    case 'invalid_type':
    case 'invalid_union':
      return 'wrong-type';
    case 'unrecognized_keys':
      return 'unknown-field';
    case 'invalid_key':
      return 'invalid-key';
    case 'invalid_format':
      return `not-a-${issue.format}`.replace(/^not-a-(?=[aeio])/, 'not-an-');
    case 'invalid_value':
      return 'not-a-known-value';
    case 'too_small':
      return issue.origin === 'array' ? 'too-few' : issue.origin === 'string' ? 'too-short' : 'too-small';
    case 'too_big':
      return issue.origin === 'string' ? 'too-long' : issue.origin === 'number' || issue.origin === 'int' ? 'too-big' : 'too-many';
    case 'custom':
      return typeof issue.params?.['code'] === 'string' ? issue.params['code'] : 'invalid';
    default:
      return 'invalid';
  }
};

const isAbsent = (issue: { readonly code?: string; readonly input?: unknown }): boolean =>
  issue.input === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union');

/** What is wrong and how to mend it, for the faults a schema does not explain itself. */
const explain = (issue: z.core.$ZodRawIssue): string | undefined => {
  if (isAbsent(issue)) return 'is required';
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue.input, issue.expected === 'int' ? 'a whole number' : `${articleOf(issue.expected)} ${issue.expected}`);
    case 'unrecognized_keys':
      return 'is not a known field here; remove it or correct its name';
    case 'too_small':
      return issue.origin === 'array' ? `must have at least ${issue.minimum} items` : `must be at least ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'string') return `must be at most ${issue.maximum} characters long`;
      return issue.origin === 'array' ? `must have at most ${issue.maximum} items` : `must be at most ${issue.maximum}`;
    default:
      return undefined;
  }
};

/** For schemas that explain a wrong type in their own words. */
export const wrongType = (input: unknown, expected: string): string =>
  input === null ? `must be ${expected}, not null; an optional field is left out instead` : `must be ${expected}, not ${typeName(input)}`;

const typeName = (input: unknown): string => (Array.isArray(input) ? 'an array' : `${articleOf(typeof input)} ${typeof input}`);
const articleOf = (word: string): string => (/^[aeio]/.test(word) ? 'an' : 'a');

const EXPLAINING = { error: explain, reportInput: true } as const;
