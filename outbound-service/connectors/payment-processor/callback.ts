import type { ApiRequest, ApiResponse, Route } from '@sagahub/contracts/api/route.ts';
import { MalformedRequestError, NotFoundError, SignatureError, UnavailableError, ValidationError } from '@sagahub/contracts/errors.ts';
import { paymentStream } from '@sagahub/contracts/messages/payment.ts';
import { open } from '@sagahub/contracts/personal-data.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';
import type { Folded, SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { CallReport, ExternalCall } from '@sagahub/contracts/saga.ts';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { redact } from '../../deliveries/redact.ts';
import { PROCESSOR_STATUSES } from './answers.ts';
import { PAYMENT_PROCESSOR } from './connector.ts';

export const PAYMENT_CALLBACK_PATH = '/api/v1/callbacks/payment-processor';
const MAX_BODY_BYTES = 64 * 1024;
/** How long a processor that cannot be answered yet waits before it repeats. */
const ASK_AGAIN_AFTER_MS = 60_000;
const REASON_LIMIT = 300;

const callbackSchema = z
  .object({
    type: z.string().optional().describe('such as `payment.approved`; what counts is `data.status`'),
    timestamp: z.string().optional(),
    data: z.object({
      externalPaymentId: z.uuid().describe('the id under which the hub submitted it'),
      paymentRef: z.string().min(1).max(200).optional().describe('the processor’s own; needed with `approved`'),
      status: z.enum(PROCESSOR_STATUSES),
      reason: z.string().min(1).optional().describe('why it was declined'),
    }),
  })
  .meta({ id: 'PaymentCallback' });

const signed = (name: string, description: string) => ({ [name]: { description, schema: z.string() } });

export interface CallbackOptions {
  readonly runtime: Pick<SagaRuntime, 'load' | 'report'>;
  /** For what a reason must not repeat. */
  readonly keys: KeyStore;
  /** Of Standard Webhooks: `whsec_…`. Absent: nobody can prove that a callback is the processor's, so none is taken. */
  readonly secret: string | undefined;
}

/**
 * What the processor tells by itself. It is a fact like the answer to a call, and meets the same question there: is it recorded already?
 * So it may come before the answer to the call, after polling, twice, or when the payment was long given up.
 */
export const paymentCallbackRoutes = (options: CallbackOptions): readonly Route[] => [
  {
    method: 'POST',
    path: PAYMENT_CALLBACK_PATH,
    scopes: [],
    unlimited: true,
    repeatable: true,
    body: { types: { 'application/json': 'text' }, maxBytes: MAX_BODY_BYTES },
    operation: {
      operationId: 'paymentCallback',
      summary: 'For the payment processor: what it decided of a payment',
      description:
        'Signed by Standard Webhooks with the secret that the operator and the processor share; no token. Repeating it changes nothing. ' +
        'What is `pending` or `reversed` is taken note of by asking.',
      tag: 'Callbacks',
      requestSchema: callbackSchema,
      requestExample: {
        type: 'payment.approved',
        timestamp: '2026-11-20T10:00:04Z',
        data: { externalPaymentId: '0d4c1b66-51c7-5b0e-9a68-0a2a1f9f9a10', paymentRef: 'T-00000042', status: 'approved' },
      },
      headers: {
        ...signed('webhook-id', 'Of the message; the same when it is repeated.'),
        ...signed('webhook-timestamp', 'Seconds since 1970; five minutes off at most.'),
        ...signed('webhook-signature', '`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64; several separated by spaces.'),
      },
      responses: {
        204: { description: 'Taken note of' },
        401: { description: 'Not signed, or not by the processor, or too long ago' },
        404: { description: 'There is no such payment' },
      },
    },
    handle: (request) => handle(request, options),
  },
];

const handle = async (request: ApiRequest, { runtime, keys, secret }: CallbackOptions): Promise<ApiResponse> => {
  const { externalPaymentId, paymentRef, status, reason } = read(verified(request, secret));
  const stream = paymentStream(externalPaymentId);
  const folded = await runtime.load(stream);
  if (folded.revision === -1) throw new NotFoundError(`payment ${externalPaymentId}`);
  const call = submissionOf(folded);
  const report = reportOf(status, paymentRef, await withoutPersonalData(reason, stream, call, keys));
  const { traceparent } = request;
  const answered = call ?? { step: PAYMENT_PROCESSOR, operation: 'submit' as const, attempt: 1 };
  if (report) await runtime.report(stream, answered, report, { actor: `connector:${PAYMENT_PROCESSOR}`, traceparent });
  return { status: 204 };
};

/** The body, once it is known whose it is. @throws SignatureError not telling what would have been right */
const verified = ({ body, headers }: ApiRequest, secret: string | undefined): string => {
  if (secret === undefined)
    throw new UnavailableError('HUB_FLOW_CLOSED', 'callbacks are not taken here: the operator has to set HUB_PAYMENT_CALLBACK_SECRET', {
      retryAfterMs: ASK_AGAIN_AFTER_MS,
    });
  const text = String(body);
  const given = Object.fromEntries(['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, headers[name] ?? '']));
  try {
    new Webhook(secret).verify(text, given, { jsonParse: false });
  } catch {
    throw new SignatureError();
  }
  return text;
};

const read = (text: string): z.infer<typeof callbackSchema>['data'] => {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new MalformedRequestError('the body is not JSON');
  }
  const parsed = callbackSchema.safeParse(body);
  if (!parsed.success)
    throw new ValidationError(
      parsed.error.issues.map(({ path, message }) => ({ pointer: `#/${path.join('/')}`, code: 'invalid', detail: message })),
    );
  const { data } = parsed.data;
  if (data.status === 'approved' && data.paymentRef === undefined)
    throw new ValidationError([{ pointer: '#/data/paymentRef', code: 'required', detail: 'is required with approved' }]);
  return data;
};

/** Reasons are stored in clear. One that cannot be compared with what was sent is not: the payment is decided already, or its payer was erased. */
const withoutPersonalData = async (
  reason: string | undefined,
  stream: string,
  call: ExternalCall | undefined,
  keys: KeyStore,
): Promise<string | undefined> => {
  if (reason === undefined || !call) return undefined;
  const personal = call.private && (await open(keys, stream, call.private));
  return call.private && !personal ? undefined : redact(reason, personal, call.request);
};

const reportOf = (status: (typeof PROCESSOR_STATUSES)[number], reference = '', reason = 'declined'): CallReport | undefined => {
  const detail = { answeredBy: 'callback' };
  if (status === 'approved') return { kind: 'succeeded', reference, alreadyThere: true, detail };
  return status === 'declined' ? { kind: 'refused', reason: reason.slice(0, REASON_LIMIT), detail } : undefined;
};

/** The attempt that it answers: the one under way, as far as the hub knows. */
const submissionOf = ({ flow, state }: Folded): ExternalCall | undefined =>
  flow
    .pending(state)
    .map(({ step }) => flow.externalCall(state, step))
    .find((call) => call?.operation === 'submit');
