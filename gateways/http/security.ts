import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BitDustError } from '../../protocol/errors.ts';

/** Names of this machine as a browser or program may write them; any other is a rebound name of somebody else's. */
const OWN_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/** A browser's subprotocol that carries the token, as it can set no other header of a WebSocket. */
export const TOKEN_PROTOCOL = 'bitdust.token.';

/** Refuses, before anything else is read: a foreign Host (421), a foreign Origin or site (403), a missing or wrong token (401). */
export function guardOf(token: string): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  const expected = digest(token);
  return async ({ headers, raw }) => {
    if (!isOwnHost(headers.host, raw.socket.localPort)) throw new BitDustError('HOST_NOT_ALLOWED');
    if (!isOwnOrigin(headers.origin, raw.socket.localPort)) throw new BitDustError('ORIGIN_NOT_ALLOWED');
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new BitDustError('ORIGIN_NOT_ALLOWED');
    const given = bearerOf(headers.authorization) ?? protocolTokenOf(headers['sec-websocket-protocol']) ?? '';
    if (!timingSafeEqual(digest(given), expected)) throw new BitDustError('TOKEN_WRONG');
  };
}

/** On the port its number must stand there too; the Unix socket has none. */
function isOwnHost(host: string | undefined, port: number | undefined): boolean {
  if (host === undefined) return false;
  return OWN_NAMES.some((name) => host.toLowerCase() === (port === undefined ? name : `${name}:${port}`));
}

function isOwnOrigin(origin: string | undefined, port: number | undefined): boolean {
  return origin === undefined || (origin.startsWith('http://') && isOwnHost(origin.slice('http://'.length), port));
}

function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,200})$/i.exec(authorization ?? '')?.[1];
}

function protocolTokenOf(protocols: string | undefined): string | undefined {
  const found = protocols?.split(/,\s*/).find((protocol) => protocol.startsWith(TOKEN_PROTOCOL));
  return found?.slice(TOKEN_PROTOCOL.length);
}

/** Both sides have one length, so that comparing them tells nothing of the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
