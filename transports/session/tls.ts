import { constants } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes } from '../../protocol/hash.ts';
import { LABELS } from '../../protocol/labels.ts';
import { certificateOf, pem, privateKeyPem } from './certificate.ts';
import type { DeviceKeys } from './signer.ts';

const TLS_OPTIONS = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ecdhCurve: 'X25519MLKEM768:X25519',
  sigalgs: 'ed25519',
  ciphers: 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
  secureOptions: constants.SSL_OP_NO_TICKET,
} as const;

/** The dialler's side needs no key: it shows none to TLS. */
export function clientContext(): SecureContext {
  return createSecureContext(TLS_OPTIONS);
}

/** The responder's side, with the certificate of its device key. */
export function serverContext(
  device: DeviceKeys & { readonly publicKey: Uint8Array; readonly sign: (message: Uint8Array) => Uint8Array },
): SecureContext {
  return createSecureContext({
    ...TLS_OPTIONS,
    cert: pem('CERTIFICATE', certificateOf(device)),
    key: privateKeyPem(device.privateKey),
  });
}

/** Raw Ed25519 key of the certificate the other side showed; undefined for any other kind of key. */
function peerKey(socket: TLSSocket): Uint8Array | undefined {
  const key = socket.getPeerX509Certificate()?.publicKey;
  if (key?.asymmetricKeyType !== 'ed25519') return undefined;
  const jwk = key.export({ format: 'jwk' });
  return typeof jwk.x === 'string' ? new Uint8Array(Buffer.from(jwk.x, 'base64url')) : undefined;
}

function exporterOf(socket: TLSSocket, networkId: Uint8Array): Uint8Array {
  return new Uint8Array(socket.exportKeyingMaterial(32, LABELS.sessionExporter, Buffer.from(networkId)));
}

/** A finished TLS handshake. */
export interface TlsSession {
  readonly socket: TLSSocket;
  readonly exporter: Uint8Array;
}

function settled(socket: TLSSocket, duplex: Duplex, check: (resolve: (session: TlsSession) => void) => void) {
  return new Promise<TlsSession>((resolve, reject) => {
    const fail = (cause?: unknown) => {
      socket.destroy();
      duplex.destroy();
      reject(cause instanceof BitDustError ? cause : new BitDustError('HANDSHAKE_FAILED', undefined, { cause }));
    };
    // The listener stays for good: an error after the handshake is the channel's, which hears it too.
    socket.on('error', fail);
    socket.once('close', () => fail());
    duplex.once('close', () => fail());
    try {
      check(resolve);
    } catch (error) {
      fail(error);
    }
  });
}

/**
 * Runs the dialler's side. The key is compared inside `secureConnect`, before anything is read or sent; another one
 * rejects with `PEER_KEY_DIFFERS`.
 */
export function dialTls(options: {
  readonly duplex: Duplex;
  readonly context: SecureContext;
  readonly peer: Uint8Array;
  readonly networkId: Uint8Array;
}): Promise<TlsSession> {
  const { duplex, context, peer, networkId } = options;
  // Authorities, names and dates say nothing here; the key below decides.
  const socket = connect({ socket: duplex, secureContext: context, rejectUnauthorized: false, ...TLS_OPTIONS });
  return settled(socket, duplex, (resolve) => {
    socket.once('secureConnect', () => {
      const key = peerKey(socket);
      const isPeer = key !== undefined && equalBytes(key, peer) && !socket.isSessionReused();
      if (isPeer) resolve({ socket, exporter: exporterOf(socket, networkId) });
      else socket.destroy(new BitDustError('PEER_KEY_DIFFERS'));
    });
  });
}

/** Runs the responder's side behind a good knock. */
export function answerTls(options: {
  readonly duplex: Duplex;
  readonly context: SecureContext;
  readonly networkId: Uint8Array;
}): Promise<TlsSession> {
  const { duplex, context, networkId } = options;
  const socket = new TLSSocket(duplex, {
    isServer: true,
    secureContext: context,
    requestCert: false,
    rejectUnauthorized: false,
  });
  return settled(socket, duplex, (resolve) => {
    socket.once('secure', () => {
      if (socket.isSessionReused()) socket.destroy(new BitDustError('HANDSHAKE_FAILED'));
      else resolve({ socket, exporter: exporterOf(socket, networkId) });
    });
  });
}
