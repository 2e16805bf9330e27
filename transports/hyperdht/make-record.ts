import Persistent from 'hyperdht/lib/persistent.js';
import type { Directory } from '../../ports/directory.ts';

/** Signs a mutable record in the form of hyperdht, without a socket: a record may be made before its directory is joined. */
export const makeHyperdhtRecord: Directory['makeRecord'] = ({ publicKey, sign, sequence, value }) => {
  const signature = Persistent.signMutable(sequence, Buffer.from(value), { sign });
  return { publicKey, sequence, value, signature: Uint8Array.from(signature) };
};
