import type { KeyObject } from 'node:crypto';
import { concatBytes, fromHex } from '../../protocol/hash.ts';

// The DER of a certificate of which only the key and the signature change. Nobody reads the rest: the dialler compares
// the key. TBSCertificate: version 3, serial 1, Ed25519, issuer and subject CN "bitdust", 1970 to 9999.
const ED25519_ALGORITHM = '300506032b6570';
const NAME = '3012' + '3110' + '300e' + '0603550403' + '0c07' + Buffer.from('bitdust').toString('hex');
const NOT_BEFORE = '170d' + Buffer.from('700101000000Z').toString('hex');
const NOT_AFTER = '180f' + Buffer.from('99991231235959Z').toString('hex');
const VALIDITY = `3020${NOT_BEFORE}${NOT_AFTER}`;
const BEFORE_KEY = fromHex(
  `a003020102020101${ED25519_ALGORITHM}${NAME}${VALIDITY}${NAME}302a${ED25519_ALGORITHM}032100`,
);

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(...parts);
  const head = body.length < 128 ? [0x30, body.length] : [0x30, 0x81, body.length];
  return concatBytes(Uint8Array.from(head), body);
}

/** The self-signed certificate of a device key, DER. The same key always gives the same bytes. */
export function certificateOf(device: {
  readonly publicKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
}): Uint8Array {
  const toBeSigned = sequence(BEFORE_KEY, device.publicKey);
  return sequence(toBeSigned, fromHex(ED25519_ALGORITHM), fromHex('034100'), device.sign(toBeSigned));
}

/** DER as PEM. */
export function pem(kind: 'CERTIFICATE', der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${kind}-----`, ...lines, `-----END ${kind}-----`, ''].join('\n');
}

/** The private key as PEM, because `node:tls` takes nothing else. */
export function privateKeyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
