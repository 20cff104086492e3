import { HubError } from '@sagahub/contracts/errors.ts';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { ItemOutcome, ItemSent, RedriveItem, RedriveRequested } from '@sagahub/contracts/messages/redrive.ts';
import type { EventStore } from '@sagahub/contracts/ports/event-store.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { ExternalCall } from '@sagahub/contracts/saga.ts';
import { actOn } from '../admin/dead-letter-acts.ts';

/** What a look-up at a third party told without changing anything. */
export type Glance =
  | { readonly kind: 'there'; readonly reference: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly why: string };

export interface ActingPorts {
  readonly runtime: SagaRuntime;
  readonly store: Pick<EventStore, 'readStream'>;
  /** Is it at the third party already? */
  readonly glance: (stream: string, call: ExternalCall) => Promise<Glance>;
}

type Request = RedriveRequested['data'];
export type Acted = { readonly sent: ItemSent } | { readonly outcome: ItemOutcome };

/**
 * Acts on one item, once for each job: the act is an event in the object's own stream that names the job, so whoever comes again, after a
 * crash or beside another worker, finds it there instead of acting anew.
 */
export const actOnItem = async (ports: ActingPorts, request: Request, item: number, ref: RedriveItem): Promise<Acted> => {
  const before = await findAct(ports, request, item, ref);
  if (before) return before;
  const { redriveId, by, reason } = request;
  try {
    const events = await actOn(ports.runtime, ref, 'redrive', { by, reason, redriveId });
    const act = events.find((event) => isActOf(redriveId, ref, event));
    return act ? { sent: { item, revision: act.revision } } : skipped(item, 'it is being tried again already');
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // Another worker of this job may have been faster.
    return (await findAct(ports, request, item, ref)) ?? skipped(item, whyOf(error));
  }
};

/** The act of this very job on the item, if it was made. */
export const findAct = async (
  { store }: Pick<ActingPorts, 'store'>,
  { redriveId }: Pick<Request, 'redriveId'>,
  item: number,
  ref: RedriveItem,
): Promise<{ readonly sent: ItemSent } | undefined> => {
  const act = (await store.readStream(ref.stream)).find((event) => isActOf(redriveId, ref, event));
  return act && { sent: { item, revision: act.revision } };
};

const isActOf = (redriveId: string, { deadLetterId }: RedriveItem, { data }: RecordedEvent): boolean =>
  data['redriveId'] === redriveId && data['deadLetterId'] === deadLetterId;

/** What acting on the item would do, and whether the third party has it already. */
export const rehearse = async ({ runtime, glance }: ActingPorts, item: number, ref: RedriveItem): Promise<ItemOutcome> => {
  try {
    const { flow } = await runtime.load(ref.stream);
    if (!flow.deadLetters) return { item, outcome: 'skipped', why: `nothing of ${flow.name} can be tried again` };
    const command = { ...flow.deadLetters.command(ref, 'redrive'), by: 'rehearsal', reason: 'rehearsal' };
    const { events, folded } = await runtime.preview(ref.stream, command);
    if (events.length === 0) return { item, outcome: 'skipped', why: 'it is being tried again already' };
    const call = flow.externalCall(folded.state, ref.step);
    if (!call) return { item, outcome: 'would-redrive', why: `the step ${ref.step} would be handled again` };
    const { attempt } = call;
    const seen = await glance(ref.stream, call);
    if (seen.kind === 'there') return { item, outcome: 'already-applied', reference: seen.reference, attempt };
    const why = seen.kind === 'absent' ? `${call.connector} was asked and does not have it` : seen.why;
    return { item, outcome: 'would-redrive', attempt, why };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { item, outcome: 'skipped', why: whyOf(error) };
  }
};

/** What came of an item that was acted on, by the events of its object; `undefined` while it is under way. */
export const outcomeSince = async (
  { runtime, store }: ActingPorts,
  { item, revision }: ItemSent,
  ref: RedriveItem,
): Promise<ItemOutcome | undefined> => {
  const events: readonly RecordedEvent[] = await store.readStream(ref.stream, { from: revision });
  const { flow } = await runtime.load(ref.stream);
  const outcome = flow.deadLetters?.outcome(ref, events);
  return outcome && { item, ...outcome };
};

const skipped = (item: number, why: string): Acted => ({ outcome: { item, outcome: 'skipped', why } });

/** The object does not allow it; anything that may pass is tried again. */
const isRefusal = (error: unknown): error is HubError => error instanceof HubError && !error.retryable;
const whyOf = (error: HubError): string => error.message.replace(/^skipped: /, '');
