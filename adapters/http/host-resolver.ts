import { Resolver } from 'node:dns/promises';

/** Every address of a name, IPv4 first. @throws Error with a DNS code when there is none */
export type HostResolver = (host: string) => Promise<readonly string[]>;

const TIMEOUT_MS = 2_000;
const TRIES = 2;

/**
 * Asks the name servers of this machine, and not its hosts file: `getaddrinfo` does both, on four threads that the whole process shares,
 * so that a few names whose servers do not answer would hold up files and password hashes. `localhost` is always this machine (RFC 6761).
 */
export const dnsResolver = (): HostResolver => {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  return async (host) => {
    if (host === 'localhost' || host.endsWith('.localhost')) return ['127.0.0.1', '::1'];
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const found = [...(v4.status === 'fulfilled' ? v4.value : []), ...(v6.status === 'fulfilled' ? v6.value : [])];
    if (found.length === 0) throw v4.status === 'rejected' ? v4.reason : new Error(`${host} has no address`);
    return found;
  };
};
