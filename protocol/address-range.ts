const HOST = /^[a-z]+:\/\/(?:\[([^\]]+)\]|([^:/]+)):(\d+)$/;

function groupsOfSix(host: string): readonly string[] {
  const [before = '', after] = host.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const missing = Math.max(0, 8 - head.length - tail.length);
  return after === undefined ? head : [...head, ...Array<string>(missing).fill('0'), ...tail];
}

/**
 * The range an address counts in: /24 of IPv4, /48 of IPv6, the host of other transports. On loopback each port is a
 * range of its own, because there all devices share one address.
 */
export function rangeOf(address: string): string {
  const [, six, other = '', port = ''] = HOST.exec(address) ?? [];
  if (six !== undefined) return six === '::1' ? `::1/${port}` : `${groupsOfSix(six).slice(0, 3).join(':')}::/48`;
  const parts = other.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part))) return other === '' ? address : other;
  return parts[0] === '127' ? `${other}/${port}` : `${parts.slice(0, 3).join('.')}.0/24`;
}
