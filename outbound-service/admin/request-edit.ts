import { EDITABLE, editableRequest, type EditableRequest, PERSONAL, requestEditBody } from '@sagahub/contracts/api/request-edit.ts';
import { parseOrFault } from '@sagahub/contracts/api/faults.ts';
import type { ApiRequest } from '@sagahub/contracts/api/route.ts';
import type { RecordedEvent, SealedData } from '@sagahub/contracts/events.ts';
import { ConflictError, ValidationError } from '@sagahub/contracts/errors.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { RequestChange } from '@sagahub/contracts/messages/order.ts';
import { openWith, sealWith } from '@sagahub/contracts/personal-data.ts';
import type { KeyStore } from '@sagahub/contracts/ports/key-store.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import type { ExternalCall } from '@sagahub/contracts/saga.ts';

export interface Edited {
  readonly deadLetterId: string;
  readonly revision: number;
  readonly diff: readonly RequestChange[];
  readonly events: readonly RecordedEvent[];
}

/**
 * Changes what later attempts of an order's submission send. The order stays as it was received; the event keeps what was there before, who
 * changed it and why. Personal members are sealed anew under the key that sealed them first, so that erasing the person erases these too.
 * @throws ConflictError the dead letter is not what its order waits for, or the order changed meanwhile: an edit that another operator made at
 * the same moment would be undone unseen; ValidationError naming what may not be changed so
 */
export const editRequest = async (
  { runtime, keys }: { readonly runtime: SagaRuntime; readonly keys: KeyStore },
  letter: DeadLetter,
  request: ApiRequest,
  by: string,
): Promise<Edited> => {
  const { changes, reason } = parseOrFault(requestEditBody, request.body);
  const { deadLetterId, stream, step } = letter;
  if (letter.origin !== 'erp')
    throw new ConflictError('HUB_NOT_EDITABLE', `only what is sent to the ERP can be edited, and this dead letter is of ${step}`);
  const { revision: expectedRevision } = await runtime.load(stream);
  const { folded } = await runtime.preview(stream, { type: 'Redrive', deadLetterId, by, reason });
  const call = folded.flow.externalCall(folded.state, step);
  if (!call) throw new ConflictError('HUB_DEAD_LETTER_RESOLVED', 'the order does not want this call any more', { deadLetterId });

  const touchesPersonal = changes.some(({ pointer }) => PERSONAL.test(pointer));
  const key = touchesPersonal ? await keyOf(keys, call) : undefined;
  const personal = key && call.private ? openWith(key.key, stream, call.private) : {};
  const { customerId, items } = call.request as unknown as Pick<EditableRequest, 'customerId' | 'items'>;
  const before = structuredClone({ customerId, items, ...personal }) as Record<string, any>;
  const after = structuredClone(before);
  const diff = changes.flatMap(({ pointer, value }) => change(after, pointer, value) ?? []);
  if (diff.length === 0) throw new ValidationError([{ pointer: '#/changes', code: 'no-change', detail: 'must change something' }]);
  const { customerId: customer, items: lines, ...rest } = parseOrFault(editableRequest, after);
  const sealed: SealedData | undefined = key && sealWith(key, stream, rest);
  const command = {
    type: 'EditRequest',
    deadLetterId,
    diff,
    customerId: customer,
    items: lines,
    by,
    reason,
    ...(sealed && { private: sealed }),
  };
  const executed = await runtime.execute(stream, command, { actor: by, traceparent: request.traceparent, expectedRevision });
  return { deadLetterId, revision: executed.folded.revision, diff, events: executed.events };
};

const keyOf = async (keys: KeyStore, call: ExternalCall): Promise<{ readonly keyId: string; readonly key: Uint8Array }> => {
  const keyId = call.private?.keyId;
  const key = keyId === undefined ? undefined : (await keys.keys([keyId])).get(keyId);
  if (keyId === undefined || !key) throw new ConflictError('HUB_NOT_EDITABLE', 'the personal data of this order was erased');
  return { keyId, key };
};

/** Sets one member; `undefined` when it says so already. */
const change = (target: Record<string, any>, pointer: string, value: string): RequestChange | undefined => {
  if (!EDITABLE.test(pointer)) throw new Error(`${pointer} was let through`);
  const path = pointer.slice(1).split('/');
  const name = path.pop()!;
  let holder: any = target;
  for (const part of path) holder = holder?.[part];
  if (typeof holder !== 'object' || holder === null)
    throw new ValidationError([{ pointer: '#/changes', code: 'no-such-place', detail: `${pointer} is not there` }]);
  const before: unknown = holder[name];
  if (before === value) return undefined;
  holder[name] = value;
  return PERSONAL.test(pointer) ? { pointer, sealed: true } : { pointer, before: String(before), after: value };
};
