import { BlockList, isIP } from 'node:net';

/*
 * Source of the ranges: IANA's registries of special-purpose addresses, for IPv4 and IPv6. 168.63.129.16 is the virtual
 * address under which Azure's own platform answers every machine; it only looks public.
 */
const blockedIPv4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;

/** Only 2000::/3 is given out as public. What is outside of it, such as ::ffff:0:0/96, fc00::/7 and fe80::/10, is not. */
const globalIPv6 = ['2000::', 3] as const;
/** Within it: protocols (Teredo among them), documentation, and 6to4, which embeds IPv4 addresses. */
const blockedIPv6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const blocked = new BlockList();
for (const [net, bits] of blockedIPv4) blocked.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of blockedIPv6) blocked.addSubnet(net, bits, 'ipv6');
const global6 = new BlockList();
global6.addSubnet(...globalIPv6, 'ipv6');

/** True for an address of the public internet; false for everything else, and for what is no address. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !blocked.check(address, 'ipv4');
    case 6:
      // A zone ("%eth0") names a link of this machine.
      return !address.includes('%') && global6.check(address, 'ipv6') && !blocked.check(address, 'ipv6');
    default:
      return false;
  }
}
