import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import { waitApplied, waitSecondsOf } from '@sagahub/contracts/api/prefer.ts';
import { type ApiRequest, type ApiResponse, principalOf, type Route } from '@sagahub/contracts/api/route.ts';
import { HubError } from '@sagahub/contracts/errors.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import type { z } from 'zod';
import { countersOf } from './counters.ts';
import { channelOf } from './entry.ts';
import { ownObject, settledStatus } from './existing-object.ts';
import type { Accepted } from './intake.ts';
import { idNameOf, type IntakeKind, linksOf, openLinksOf, pathOf, streamOf } from './kind.ts';

export type Handler = Route['handle'];

export interface HandlerParts {
  readonly runtime: SagaRuntime;
  readonly telemetry: Telemetry;
  readonly maxWaitMs: number;
}

/** What an answer says beside id, status and links; a pure function of the command, so that every repeat gets the same bytes. */
export interface AcceptedBody {
  /** The partner's name of the object, e.g. `{ orderNumber }`. */
  readonly name: object;
  readonly more?: object;
  readonly links?: object;
}

/** Something a partner asks of an object of its own. */
export interface Act<Status extends string> {
  /** Of the flow. It gets `by`, and what the body says. */
  readonly command: string;
  /** Of the body, which may be absent. */
  readonly schema: z.ZodType<object>;
  /** What the answer says while it is under way. */
  readonly underway: Status;
}

/** What the handlers of every flow's intake are made of. */
export const intakeHandlers = <Status extends string>(
  kind: Pick<IntakeKind<any, Status>, 'flow' | 'path' | 'accepted' | 'endings' | 'acts' | 'metrics'>,
  { runtime, telemetry, maxWaitMs }: HandlerParts,
) => {
  const count = countersOf(kind, telemetry);

  const statusWithin = async (objectId: string, timeoutMs: number, signal: AbortSignal): Promise<Status | 'stuck' | undefined> => {
    const stream = streamOf(kind, objectId);
    try {
      return settledStatus(kind, await runtime.settled(stream, timeoutMs, signal));
    } catch (error) {
      // The object is on disk: whatever became of the waiting, the answer is that it was accepted.
      telemetry.logger.warn('waiting for what was accepted failed', { stream, cause: String(error) });
      return undefined;
    }
  };

  return {
    /** Counts what is refused, by its code. */
    countingRefusals:
      (handle: Handler): Handler =>
      async (request) => {
        try {
          return await handle(request);
        } catch (error) {
          if (error instanceof HubError) count('refused', channelOf(request), error.code);
          throw error;
        }
      },

    /** The answer to an accepted object: the 202 at once, or, when the partner prefers to wait, the status the object came to in time. */
    answer: async (request: ApiRequest, { objectId, replayed }: Accepted, { name, more, links }: AcceptedBody): Promise<ApiResponse> => {
      const headers = { location: pathOf(kind, objectId), ...(replayed && { 'idempotent-replayed': 'true' }) };
      const bodyIn = (status: Status | 'stuck') => ({
        [idNameOf(kind)]: objectId,
        ...name,
        status,
        links: { ...openLinksOf(kind, objectId, status), ...links },
        ...more,
      });
      const seconds = waitSecondsOf(request.headers['prefer'], maxWaitMs / 1_000);
      request.accepted?.();
      const status = seconds === undefined ? undefined : await statusWithin(objectId, seconds * 1_000, request.signal);
      if (seconds === undefined || status === undefined) return { status: 202, headers, body: bodyIn(kind.accepted) };
      return { status: 200, headers: { ...headers, ...waitApplied(seconds) }, body: bodyIn(status) };
    },

    act:
      ({ command, schema, underway }: Act<Status>): Handler =>
      async (request) => {
        const principal = principalOf(request);
        const objectId = request.params[idNameOf(kind)] ?? '';
        const asked = request.body === undefined ? {} : parseOrFault(schema, request.body);
        await ownObject(kind, runtime, objectId, principal);
        const by = `client:${principal.clientId}`;
        const context = { actor: by, traceparent: request.traceparent };
        const { folded } = await runtime.execute(streamOf(kind, objectId), { type: command, by, ...asked }, context);
        const status = settledStatus(kind, folded) ?? underway;
        return {
          status: 202,
          headers: { location: pathOf(kind, objectId) },
          body: { [idNameOf(kind)]: objectId, status, links: linksOf(kind, objectId) },
        };
      },
  };
};
