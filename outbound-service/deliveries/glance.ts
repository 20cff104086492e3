import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import type { ExternalCall } from '@sagahub/contracts/saga.ts';
import { SPANS } from '@sagahub/contracts/telemetry-names.ts';
import type { Glance } from '../redrives/acting.ts';
import { Attempt, type AttemptContext } from './attempt.ts';

/**
 * Looks an object up at its third party without doing anything about it. `contexts` by connector. An open breaker keeps it from asking,
 * as it does with everything.
 */
export const glancer =
  (contexts: ReadonlyMap<string, AttemptContext>, telemetry: Telemetry) =>
  async (stream: string, call: ExternalCall): Promise<Glance> => {
    const context = contexts.get(call.connector);
    if (!context || context.connector.lookupDelay === 'none') return { kind: 'unknown', why: `${call.connector} cannot be asked` };
    const leave = context.breaker.enter();
    if (leave.kind === 'wait') return { kind: 'unknown', why: `nothing is asked of ${call.connector} while its breaker is open` };
    const { connector, attempt: number } = call;
    const folded = await context.runtime.load(stream);
    const attributes = { 'hub.connector': connector, 'hub.operation': 'lookup', 'hub.attempt': number, 'hub.stream': stream };
    const span = telemetry.startSpan(SPANS.connectorCall.name, { kind: SPANS.connectorCall.kind, parent: folded.traceparent, attributes });
    const hint = { queue: '', stream, step: call.step, attempt: number, partnerId: call.partnerId };
    using attempt = new Attempt(context, hint, leave.permit, { folded, call, deadline: context.deadlines.start() }, span);
    const outcome = await context.calls.lookup(await attempt.delivery(), leave.permit);
    if (outcome.kind !== 'found') return { kind: 'unknown', why: `${connector} could not be asked: ${outcome.reason}` };
    const live = outcome.orders.find((order) => order.live);
    return live ? { kind: 'there', reference: live.reference } : { kind: 'absent' };
  };
