import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addressRules } from './address-rules.ts';

const { refuse } = addressRules([]);

describe('address rules', () => {
  for (const address of [
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '100.100.100.200', // metadata of Alibaba
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16', // Azure's host
    '169.254.169.254', // metadata
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.170',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.7',
    '203.0.113.9',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::808:808',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    'fc00::1',
    'fd00:ec2::254', // metadata of AWS
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'somewhere',
    '',
  ])
    it(`closes ${address || 'nothing'}`, () => assert.notEqual(refuse(address), undefined));

  for (const address of [
    '8.8.8.8',
    '1.1.1.1',
    '100.63.255.255',
    '172.15.255.255',
    '172.32.0.1',
    '192.167.255.255',
    '2606:4700::1111',
    '2a00:1450::1',
  ])
    it(`leaves ${address} open`, () => assert.equal(refuse(address), undefined));

  it('opens the networks that the configuration names, and no others', () => {
    const rules = addressRules(['10.1.0.0/16', 'fd00:1::/64', '127.0.0.1/32']);
    assert.equal(rules.refuse('10.1.2.3'), undefined);
    assert.equal(rules.refuse('fd00:1::7'), undefined);
    assert.equal(rules.refuse('127.0.0.1'), undefined);
    for (const address of ['10.2.0.1', 'fd00:2::7', '127.0.0.2']) assert.notEqual(rules.refuse(address), undefined, address);
  });

  it('closes every private IPv4 address however an IPv6 address carries it', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const hex = (high: number, low: number) => ((high << 8) | low).toString(16);
    const isPrivate = ([a, b]: readonly [number, number, number, number]) =>
      a === 10 || a === 127 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254);
    fc.assert(
      fc.property(fc.tuple(byte, byte, byte, byte).filter(isPrivate), ([a, b, c, d]) => {
        const tail = `${hex(a, b)}:${hex(c, d)}`;
        for (const address of [
          `${a}.${b}.${c}.${d}`,
          `::ffff:${tail}`,
          `::${tail}`,
          `64:ff9b::${tail}`,
          `64:ff9b:1::${tail}`,
          `2002:${tail}::1`,
        ])
          assert.notEqual(refuse(address), undefined, address);
      }),
    );
  });
});
