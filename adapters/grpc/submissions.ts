import type { ServerReadableStream } from '@grpc/grpc-js';
import type { RouteAnswer } from '@sagahub/contracts/api/route-answer.ts';
import type { Route } from '@sagahub/contracts/api/route.ts';
import { MalformedRequestError, RequestTimeoutError, UnavailableError } from '@sagahub/contracts/errors.ts';
import { newId } from '@sagahub/contracts/ids.ts';
import { admit } from '../http/admission.ts';
import { GONE, problemAnswer } from '../http/route-call.ts';
import type { CallContext, CallInHand } from './call-context.ts';
import { acceptedOf, problemMessageOf } from './messages.ts';
import { type Arrived, messageOf } from './requests.ts';

export interface Submission {
  readonly order?: object;
  readonly idempotencyKey?: string;
}

/** What ends a stream: the summary, or why there is none. */
type Ended = { readonly summary: object; readonly refused?: undefined } | { readonly summary: undefined; readonly refused: RouteAnswer };

const MAX_ORDERS = 2_000;
/** Of one stream, at once; then the stream is not read on. */
const CONCURRENCY = 32;

/**
 * Places the orders of a stream as they come, each for itself.
 *
 * | what happens | what it does |
 * |---|---|
 * | the token is not good | refuses the call before it reads an order |
 * | an order is refused | notes its problem, goes on |
 * | the client has finished sending | waits for what is in hand, sums up |
 * | the client leaves, or sends nothing for too long | what was accepted stays; no summary |
 * | too many orders, or the hub stops | refuses the call: the client sends them again, in another call |
 */
export const submitAll = async (
  call: ServerReadableStream<Arrived<Submission>, object>,
  route: Route,
  inHand: CallInHand,
  context: CallContext,
): Promise<Ended> => {
  const results: Result[] = [];
  const running = new Set<Promise<void>>();
  const place = (index: number, arrived: Arrived<Submission>): void => {
    const task = placeOne(arrived, route, inHand).then((answer) => {
      results[index] = resultOf(index, answer);
      running.delete(task);
    });
    running.add(task);
  };
  try {
    await admit(route, context, inHand.caller, {});
    let count = 0;
    for await (const arrived of arriving(call, inHand.signal, context.messageTimeoutMs)) {
      if (count === MAX_ORDERS)
        throw new MalformedRequestError(`one call takes ${MAX_ORDERS} orders; send the others in further calls`, {
          code: 'HUB_TOO_MANY_ORDERS',
        });
      place(count++, arrived);
      if (running.size >= CONCURRENCY) await Promise.race(running);
    }
    await Promise.all(running);
    return { summary: summaryOf(results) };
  } catch (error) {
    await Promise.all(running);
    const cause = inHand.stops ? new UnavailableError('HUB_CLOSED', 'the hub stops; send the stream again') : error;
    const refused = inHand.left ? GONE : problemAnswer(cause, inHand.requestId, inHand.traceparent);
    return { summary: undefined, refused };
  }
};

/** @throws RequestTimeoutError nothing came for too long; whatever the signal aborted with */
async function* arriving<Message>(call: AsyncIterable<Message>, signal: AbortSignal, timeoutMs: number): AsyncGenerator<Message> {
  const messages = call[Symbol.asyncIterator]();
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => {});
  const stop = (): void => stopped.reject(signal.reason);
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(new RequestTimeoutError(timeoutMs)), timeoutMs);
      const next = await Promise.race([messages.next(), stopped.promise, late.promise]).finally(() => clearTimeout(timer));
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const placeOne = async (arrived: Arrived<Submission>, route: Route, inHand: CallInHand): Promise<RouteAnswer> => {
  try {
    const { order = {}, idempotencyKey } = messageOf(arrived);
    const headers = { 'idempotency-key': idempotencyKey, prefer: undefined };
    return await inHand.callRoute(route, { correlationId: inHand.correlationId(), requestId: newId(), body: () => order, headers });
  } catch (error) {
    return problemAnswer(error, newId(), inHand.traceparent);
  }
};

interface Result {
  readonly index: number;
  readonly accepted?: object;
  readonly problem?: object;
  readonly replayed: boolean;
}

const resultOf = (index: number, answer: RouteAnswer): Result => {
  if (answer.status >= 400) return { index, problem: problemMessageOf(answer), replayed: false };
  return { index, accepted: acceptedOf(answer), replayed: answer.headers['idempotent-replayed'] === 'true' };
};

const summaryOf = (results: readonly Result[]): object => ({
  accepted: results.filter(({ accepted }) => accepted).length,
  replayed: results.filter(({ replayed }) => replayed).length,
  refused: results.filter(({ problem }) => problem).length,
  results,
});
