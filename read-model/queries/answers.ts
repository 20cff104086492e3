import { PROBLEM_MEDIA_TYPE, problemSchema } from '@sagahub/contracts/api/problem.ts';

/** Entries of `OperationDoc.responses`. */
export const problem = (description: string) => ({ description, schema: problemSchema, mediaType: PROBLEM_MEDIA_TYPE });
/** @param one what is asked for: `order` */
export const notFoundOf = (one: string) => problem(`No such ${one}, or not yours`);
export const BAD_QUERY = problem('A parameter is unknown or of the wrong form');

export const GONE = problem('The position to go on from belongs to another log');

export { asksFor, NDJSON } from '@sagahub/contracts/api/long-answer.ts';
export const EVENT_STREAM = 'text/event-stream';
