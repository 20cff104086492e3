import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { RouteAnswer } from '@sagahub/contracts/api/route-answer.ts';
import type { Problem } from '@sagahub/contracts/api/problem.ts';
import type { Fault } from '@sagahub/contracts/errors.ts';
import { encodeDetail } from './definitions.ts';

/** `domain` of `google.rpc.ErrorInfo`. */
const DOMAIN = 'sagahub';
/** The whole problem document as JSON, for clients that know RFC 9457. */
export const PROBLEM_KEY = 'problem-bin';
const DETAILS_KEY = 'grpc-status-details-bin';
/** Clients and proxies take 8 KiB of trailers; this is sent twice, in base64. */
const MAX_FAULT_BYTES = 2_000;

const BY_HTTP: Readonly<Record<number, status>> = {
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  408: status.DEADLINE_EXCEEDED,
  409: status.ABORTED,
  412: status.FAILED_PRECONDITION,
  429: status.RESOURCE_EXHAUSTED,
  499: status.CANCELLED,
  500: status.INTERNAL,
  501: status.UNIMPLEMENTED,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED,
};

/** A problem's status in gRPC's terms. What the caller has to mend is INVALID_ARGUMENT, whatever HTTP distinguishes in it. */
export const grpcStatusOf = (httpStatus: number): status =>
  BY_HTTP[httpStatus] ?? (httpStatus < 500 ? status.INVALID_ARGUMENT : status.INTERNAL);

/** The answer's headers as metadata: those that say something about this call. */
const PASSED_BACK = ['ratelimit', 'ratelimit-policy', 'retry-after', 'idempotent-replayed', 'preference-applied', 'location'];
export const metadataOf = ({ headers }: Pick<RouteAnswer, 'headers'>, ids: Readonly<Record<string, string>>): Metadata => {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(ids)) metadata.set(name, value);
  for (const name of PASSED_BACK) if (headers[name] !== undefined) metadata.set(name, headers[name]);
  return metadata;
};

/** A problem as gRPC tells of it: the status, its text, and in the trailers `google.rpc` details and the document itself. */
export const statusOf = (answer: RouteAnswer, metadata: Metadata): Pick<ServiceError, 'code' | 'details' | 'metadata'> => {
  const body: Partial<Problem> = answer.body;
  const code = grpcStatusOf(answer.status);
  const details = body.detail ?? 'the caller did not wait';
  const faults = fitting((body['errors'] as readonly Fault[] | undefined) ?? []);
  const problem = { ...body, ...(faults.length > 0 && { errors: faults }) };
  metadata.set(PROBLEM_KEY, Buffer.from(JSON.stringify(problem)));
  metadata.set(DETAILS_KEY, encodeDetail('Status', { code, message: details, details: detailsOf(body, answer.headers, faults) }));
  return { code, details, metadata };
};

const detailsOf = ({ code, requestId }: Partial<Problem>, headers: RouteAnswer['headers'], faults: readonly Fault[]): readonly object[] => [
  ...(code === undefined ? [] : [detail('ErrorInfo', { reason: code, domain: DOMAIN })]),
  ...(requestId === undefined ? [] : [detail('RequestInfo', { requestId })]),
  ...(headers['retry-after'] === undefined ? [] : [detail('RetryInfo', { retryDelay: { seconds: headers['retry-after'] } })]),
  ...(faults.length === 0 ? [] : [detail('BadRequest', { fieldViolations: faults.map(violation) })]),
];

const detail = (name: string, value: object): object => ({
  typeUrl: `type.googleapis.com/google.rpc.${name}`,
  value: encodeDetail(name, value),
});
const violation = ({ pointer, parameter, header, code, detail: description }: Fault): object => ({
  field: pointer ?? parameter ?? header ?? '',
  description,
  reason: code.toUpperCase().replaceAll('-', '_'),
});

/** As many as there is room for, and a closing note when there are more. */
const fitting = (faults: readonly Fault[]): readonly Fault[] => {
  let bytes = 0;
  const room = faults.findIndex((fault) => (bytes += JSON.stringify(fault).length) > MAX_FAULT_BYTES);
  return room === -1 ? faults : shortened(faults, Math.max(1, room));
};

/** The first of them, and how many more there are. */
export const shortened = (faults: readonly Fault[], limit: number): readonly Fault[] =>
  faults.length <= limit
    ? faults
    : [...faults.slice(0, limit), { code: 'more-faults', detail: `${faults.length - limit} more faults are not listed` }];
