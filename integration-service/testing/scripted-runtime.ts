import { ConflictError, NotFoundError, ReuseError } from '@sagahub/contracts/errors.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { Folded, SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { Command, Flow, PendingStep } from '@sagahub/contracts/saga.ts';

/** What a flow would say; the flow's own specs prove that it does. */
export interface Script {
  /** The saga's state: `Completed` and its like have no pending steps. */
  state: string;
  /** Of other flows than orders: nothing is pending any more. */
  ended: boolean;
  queue: string;
  /** Commands that were taken, with their streams. */
  readonly commands: { readonly stream: string; readonly command: Command }[];
  readonly waits: number[];
  conflict: ConflictError | undefined;
  failWaiting: boolean;
}

/** A saga runtime over a real store, whose decisions follow a script. Of a resubmission it remembers the first, as the flow does. */
export const scriptedRuntime = (store: EventStore): { readonly runtime: SagaRuntime; readonly script: Script } => {
  const script: Script = {
    state: 'Initiated',
    ended: false,
    queue: 'orchestration.order',
    commands: [],
    waits: [],
    conflict: undefined,
    failWaiting: false,
  };
  const resubmitted = new Map<string, unknown>();
  const pending = (): PendingStep[] =>
    script.ended || ['Completed', 'Rejected', 'Cancelled'].includes(script.state)
      ? []
      : [{ step: 'advance', queue: script.queue, attempt: 1, dueAtMs: 0, sinceMs: 0 }];
  const flow = { stateName: () => script.state, pending } as unknown as Flow;

  const load = async (stream: string): Promise<Folded<any>> => {
    const events = await store.readStream(stream);
    const { partnerId = '', correlationId = '' } = events[0]?.metadata ?? {};
    return { flow, stream, revision: events.length - 1, partnerId, correlationId } as unknown as Folded<any>;
  };
  const execute: SagaRuntime['execute'] = async (stream, command) => {
    const folded = await load(stream);
    if (folded.revision === -1) throw new NotFoundError(stream);
    if (script.conflict) throw script.conflict;
    if (command.type === 'Resubmit') {
      const before = resubmitted.get(stream) ?? command['fingerprint'];
      if (before !== command['fingerprint']) throw new ReuseError('HUB_ORDER_RESUBMITTED', 'resubmitted before', {});
      resubmitted.set(stream, before);
    }
    script.commands.push({ stream, command });
    return { events: [], folded };
  };
  const settled: SagaRuntime['settled'] = async (stream, timeoutMs) => {
    script.waits.push(timeoutMs);
    if (script.failWaiting) throw new Error('the log cannot be read');
    return load(stream);
  };
  return { runtime: { load, execute, settled } as unknown as SagaRuntime, script };
};
