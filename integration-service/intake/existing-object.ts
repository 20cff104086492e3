import { NotFoundError } from '@sagahub/contracts/errors.ts';
import type { Principal } from '@sagahub/contracts/ports/identity.ts';
import { type Folded, givenUpFault, type SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import { isLeftToOperator } from '@sagahub/contracts/saga.ts';
import { type IntakeKind, streamOf } from './kind.ts';

const OBJECT_ID = /^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/** @throws NotFoundError no such object, or somebody else's: the two cannot be told apart from outside */
export const ownObject = async (
  kind: Pick<IntakeKind, 'flow'>,
  runtime: Pick<SagaRuntime, 'load'>,
  objectId: string,
  { partnerId }: Pick<Principal, 'partnerId'>,
): Promise<Folded> => {
  const notFound = new NotFoundError(`the ${kind.flow}`);
  if (!OBJECT_ID.test(objectId)) throw notFound;
  const folded = await runtime.load(streamOf(kind, objectId));
  if (folded.revision === -1 || folded.partnerId !== partnerId) throw notFound;
  return folded;
};

/** The status an object has come to, when nothing more will happen to it by itself; `undefined` while it is on its way. */
export const settledStatus = <Status extends string>(
  { endings }: Pick<IntakeKind<any, Status>, 'endings'>,
  folded: Folded,
): Status | 'stuck' | undefined => {
  const { flow, state } = folded;
  const pending = flow.pending(state);
  if (pending.length === 0) return endings[flow.stateName(state)];
  return givenUpFault(folded) || isLeftToOperator(pending) ? 'stuck' : undefined;
};
