import { isIP } from 'node:net';

/** Host and port of an address such as `tcp://127.0.0.1:7771` or `tcp://[::1]:7771`. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

const SHAPE = /^tcp:\/\/(?:\[([0-9a-fA-F:.]{2,45})\]|([^\s:/[\]]{1,253})):(\d{1,5})$/;

/** Reads a `tcp://` address; undefined for anything else. A host is an IPv4 or IPv6 address or a name. */
export function parseTcpAddress(address: string): HostAndPort | undefined {
  const match = SHAPE.exec(address);
  if (match === null) return undefined;
  const [, six, other, digits] = match;
  const host = six ?? other ?? '';
  const port = Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  if (six !== undefined && isIP(six) !== 6) return undefined;
  return { host, port };
}

/** Writes a `tcp://` address, an IPv6 host in brackets. An IPv4 host inside IPv6 is written as IPv4. */
export function formatTcpAddress({ host, port }: HostAndPort): string {
  const plain = host.startsWith('::ffff:') && isIP(host.slice(7)) === 4 ? host.slice(7) : host;
  return isIP(plain) === 6 ? `tcp://[${plain}]:${port}` : `tcp://${plain}:${port}`;
}
