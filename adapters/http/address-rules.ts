import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Special-purpose ranges of IANA (RFC 6890 and later), and addresses in public ranges that clouds answer their own machines at. */
const CLOSED_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure's host
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Within 2000::/3, the only range that is global unicast; everything outside it is closed as it is. That takes in mapped and NAT64 addresses. */
const CLOSED_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];
const GLOBAL_V6 = '2000::/3';

export interface AddressRules {
  /** Why this address must not be called; `undefined` when it may. What is no address may not be called. */
  readonly refuse: (address: string) => string | undefined;
}

/** @param allowed networks as `address/prefix` that may be called although they are not public */
export const addressRules = (allowed: readonly string[]): AddressRules => {
  const open = listOf(allowed);
  const closed = listOf([...CLOSED_V4, ...CLOSED_V6]);
  const global = listOf([GLOBAL_V6]);
  return {
    refuse(address) {
      const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
      if (!family) return `${address} is no address`;
      if (address.includes('%')) return `${address} names an interface of this machine`;
      if (open.check(address, family)) return undefined;
      if (closed.check(address, family) || (family === 'ipv6' && !global.check(address, family)))
        return `${address} is not a public address`;
      return undefined;
    },
  };
};

const listOf = (networks: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    list.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return list;
};
