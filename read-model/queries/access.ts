import { NotFoundError } from '@sagahub/contracts/errors.ts';
import type { Principal, Scope } from '@sagahub/contracts/ports/identity.ts';

/** Any of these may ask for orders; whose orders is decided here. */
export const ORDER_SCOPES: readonly Scope[] = ['orders:read', 'admin', 'audit:read'];

const readsAll = ({ scopes }: Principal): boolean => scopes.has('admin') || scopes.has('audit:read');
const owns = (principal: Principal, partnerId: string): boolean => principal.partnerId === partnerId && principal.scopes.has('orders:read');

/** @throws NotFoundError another partner's order is told apart from none by nobody */
export const requireReadable = (principal: Principal, partnerId: string, orderId: string): void => {
  if (!owns(principal, partnerId) && !readsAll(principal)) throw new NotFoundError(`order ${orderId}`);
};

/** A partner reads what it sent itself; of others, personal data is opened for `audit:personal` alone. */
export const mayOpenPersonal = (principal: Principal, partnerId: string): boolean =>
  owns(principal, partnerId) || principal.scopes.has('audit:personal');
