import { z } from 'zod';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** `HUB_ORDER_NUMBER_REUSED` → `urn:sagahub:problem:order-number-reused`: the RFC 9457 `type` is a pure function of the code. */
export const problemType = (code: string): string => `urn:sagahub:problem:${code.replace(/^HUB_/, '').toLowerCase().replaceAll('_', '-')}`;

export const faultSchema = z
  .object({
    pointer: z.string().optional().describe('JSON pointer as a URI fragment, e.g. #/lines/0/quantity'),
    parameter: z.string().optional().describe('Name of a query or path parameter'),
    header: z.string().optional().describe('Name of a request header'),
    code: z.string().describe('Stable machine code of the fault'),
    detail: z.string().describe('What is wrong and how to mend it'),
  })
  .describe('One fault of a request');

/** RFC 9457. Errors may add members of their own, such as `orderId`. */
export const problemSchema = z
  .looseObject({
    type: z.string().describe('Identifies the kind of problem; follows from the code'),
    title: z.string().describe('The same for every problem of this kind'),
    status: z.int().describe('The HTTP status of this very response'),
    detail: z.string().describe('About this occurrence, for people'),
    code: z.string().describe('Stable code to match on, e.g. HUB_VALIDATION'),
    instance: z.string().optional().describe('This occurrence, when the request id is a UUID'),
    requestId: z.string().describe('What to name when asking for help; also in X-Request-ID'),
    traceId: z.string().optional().describe('W3C trace id'),
    errors: z.array(faultSchema).optional().describe('Every fault found in the request'),
  })
  .describe('Problem details (RFC 9457)');
export type Problem = z.infer<typeof problemSchema>;
