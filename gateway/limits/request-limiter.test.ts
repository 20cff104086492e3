import assert from 'node:assert/strict';
import { openInProcessKeyValue } from '@sagahub/adapters/in-process/key-value.ts';
import type { Principal } from '@sagahub/contracts/ports/identity.ts';
import { manualClock } from '@sagahub/contracts/testing/manual-clock.ts';
import { networkOf, requestLimiter } from './request-limiter.ts';

const principal = (partnerId: string, rateLimitPerMinute: number, clientId = 'c'): Principal => ({
  clientId,
  partnerId,
  scopes: new Set(),
  rateLimitPerMinute,
});

describe('request limiter', () => {
  const open = (anonymous: number) => {
    const clock = manualClock();
    return requestLimiter(anonymous, openInProcessKeyValue({ clock }), clock);
  };

  it('limits a partner over all its clients, with its own quota', async () => {
    const limiter = open(100);
    const take = async (who: Principal) => (await limiter.partner(who))?.allowed;
    assert.deepEqual(
      [
        await take(principal('a', 2, 'x')),
        await take(principal('a', 2, 'y')),
        await take(principal('a', 2, 'x')),
        await take(principal('b', 2)),
      ],
      [true, true, false, true],
    );
  });

  it('has no limit where it is 0', async () => {
    const limiter = open(0);
    assert.equal(await limiter.partner(principal('a', 0)), undefined);
    assert.equal(await limiter.anonymous('192.0.2.1'), undefined);
  });

  it('limits addresses apart, those of one IPv6 network together', async () => {
    const limiter = open(1);
    const take = async (address: string) => (await limiter.anonymous(address))?.allowed;
    assert.deepEqual([await take('192.0.2.1'), await take('192.0.2.1'), await take('192.0.2.2')], [true, false, true]);
    assert.deepEqual([await take('2001:db8::1'), await take('2001:db8:0:0:ffff::2'), await take('2001:db8:0:1::1')], [true, false, true]);
  });

  const networks: readonly [string, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8::3:4:5:6', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['unknown', 'unknown'],
  ];
  for (const [address, network] of networks) it(`counts ${address} as ${network}`, () => assert.equal(networkOf(address), network));
});
