import type { Clock } from '@sagahub/contracts/ports/clock.ts';
import type { KeyValue } from '@sagahub/contracts/ports/key-value.ts';
import type { RequestLimiter } from '@sagahub/contracts/ports/rate-limiter.ts';
import { isIPv6 } from 'node:net';
import { Quota } from './quota.ts';

const MINUTE_MS = 60_000;

/** A quota per partner with a token, one per address without. @param anonymousPerMinute 0 = without a limit */
export const requestLimiter = (anonymousPerMinute: number, store: KeyValue, clock: Clock): RequestLimiter => {
  const partners = new Quota('partner', MINUTE_MS, store, clock);
  const addresses = new Quota('anonymous', MINUTE_MS, store, clock);
  return {
    partner: ({ partnerId, rateLimitPerMinute }) => (rateLimitPerMinute === 0 ? undefined : partners.take(partnerId, rateLimitPerMinute)),
    anonymous: (address) => (anonymousPerMinute === 0 ? undefined : addresses.take(networkOf(address), anonymousPerMinute)),
  };
};

/** One household has a /64 of IPv6 at least: counting its single addresses would limit nobody. */
export const networkOf = (address: string): string => {
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice('::ffff:'.length);
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const behind = tail === '' ? [] : tail.split(':');
    groups.push(...Array.from({ length: 8 - groups.length - behind.length }, () => '0'), ...behind);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
};
