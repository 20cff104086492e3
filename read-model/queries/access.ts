import { NotFoundError } from '@sagahub/contracts/errors.ts';
import type { Principal, Scope } from '@sagahub/contracts/ports/identity.ts';
import type { FlowView } from './flow-view.ts';

/** Any of these may ask for a flow's objects; whose objects is decided here. */
export const readersOf = ({ scope }: FlowView): readonly Scope[] => [scope, 'admin', 'audit:read'];

const readsAll = ({ scopes }: Principal): boolean => scopes.has('admin') || scopes.has('audit:read');
const owns = ({ scope }: FlowView, principal: Principal, partnerId: string): boolean =>
  principal.partnerId === partnerId && principal.scopes.has(scope);

/** @throws NotFoundError another partner's object is told apart from none by nobody */
export const requireReadable = (view: FlowView, principal: Principal, partnerId: string, id: string): void => {
  if (!owns(view, principal, partnerId) && !readsAll(principal)) throw new NotFoundError(`${view.words.one} ${id}`);
};

/** A partner reads what it sent itself; of others, personal data is opened for `audit:personal` alone. */
export const mayOpenPersonal = (view: FlowView, principal: Principal, partnerId: string): boolean =>
  owns(view, principal, partnerId) || principal.scopes.has('audit:personal');
