import { isIP, type LookupFunction } from 'node:net';
import type { SubscriberClient } from '@sagahub/contracts/ports/http-client.ts';
import type { AddressRules } from './address-rules.ts';
import { type HttpClientOptions, openHttpClient } from './client.ts';
import { dnsResolver, type HostResolver } from './host-resolver.ts';

/** What `client.ts` knows a closed address by. */
const CLOSED = 'ERR_ADDRESS_CLOSED';

/**
 * A client that reaches only what the rules leave open. A name is resolved for each connection, all of its addresses are checked, and the
 * connection goes to one of those: there is no second look-up in which the name could stand for something else. Node looks up no literal,
 * so those are checked before the call.
 */
export const openSubscriberClient = (
  rules: AddressRules,
  options: Omit<HttpClientOptions, 'lookup' | 'refuse'> = {},
  resolve: HostResolver = dnsResolver(),
): SubscriberClient => {
  const refuse = (host: string): string | undefined => (isIP(host) === 0 ? undefined : rules.refuse(host));
  const client = openHttpClient({ ...options, refuse, lookup: guardedLookup(rules, resolve) });
  return {
    request: (call) => client.request(call),
    async examine(bracketed) {
      const host = bracketed.replace(/^\[|\]$/g, '');
      if (isIP(host) !== 0) return rules.refuse(host);
      try {
        return (await resolve(host)).some((address) => rules.refuse(address) !== undefined) ? closedName(host) : undefined;
      } catch (error) {
        return `${host} cannot be resolved (${(error as NodeJS.ErrnoException).code ?? 'no address'})`;
      }
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
};

/** Subscribers read this, so it does not say which address: a name of this network would tell them where its machines are. */
const closedName = (host: string): string => `${host} stands for an address that is not public`;

const guardedLookup =
  (rules: AddressRules, resolve: HostResolver): LookupFunction =>
  (host, options, callback) => {
    const found = async () => {
      const addresses = await resolve(host);
      if (addresses.some((address) => rules.refuse(address) !== undefined))
        throw Object.assign(new Error(closedName(host)), { code: CLOSED });
      return addresses.map((address) => ({ address, family: isIP(address) }));
    };
    found().then(
      (addresses) => {
        if (options.all) return callback(null, addresses);
        const [first] = addresses;
        return first
          ? callback(null, first.address, first.family)
          : callback(Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' }), '', 0);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
