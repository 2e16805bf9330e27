import { decode, encode } from '../../../protocol/cbor.ts';
import { verify } from '../../../protocol/ed25519.ts';
import { BitDustError } from '../../../protocol/errors.ts';
import { readIdentityFile } from '../../../protocol/identity-file.ts';
import { readKeychain } from '../../../protocol/keychain.ts';
import { cborCases } from './cbor-cases.ts';
import { ed25519Cases } from './ed25519-cases.ts';
import { formatAreas } from './format-cases.ts';
import { identityCases } from './identity-cases.ts';
import { keychainCases } from './keychain-cases.ts';
import { pieceCases, readPieceFile } from './piece-cases.ts';
import type { Vector } from './vector-file.ts';

/** A family of vectors: how they are made, and how their bytes are judged. `read` throws for what it refuses. */
export interface Area {
  readonly cases: readonly Vector[];
  /** Gives the bytes again where the format has one encoding. */
  read(bytes: Uint8Array): Uint8Array;
}

/** Every area of golden vectors under `test/vectors/`. */
export const AREAS: Readonly<Record<string, Area>> = {
  cbor: { cases: cborCases, read: (bytes) => encode(decode(bytes, { bytesMax: 65_536 })) },
  ed25519: {
    cases: ed25519Cases,
    read: (bytes) => {
      if (!verify(bytes.subarray(0, 32), bytes.subarray(96), bytes.subarray(32, 96))) {
        throw new BitDustError('SIGNATURE_INVALID');
      }
      return bytes;
    },
  },
  'identity-file': { cases: identityCases, read: (bytes) => readIdentityFile(bytes).bytes },
  keychain: { cases: keychainCases, read: (bytes) => readKeychain(bytes).statement.bytes },
  'piece-file': { cases: pieceCases, read: readPieceFile },
  ...formatAreas,
};
