import { encode } from './cbor.ts';
import { LOCATED_CHUNK_BYTES, type LocatedChunk, packLocated, unpackLocated } from './chunk-copy.ts';
import { BitDustError } from './errors.ts';
import { concatBytes, toHex } from './hash.ts';
import { bytesOfBlock, type VersionId } from './ids.ts';
import { LABELS } from './labels.ts';
import { LIMITS } from './limits.ts';
import { open, seal } from './sealed.ts';
import { bytes, decodeAs, either, int, map, nullable, oneOf, text } from './shape.ts';

/** A stored version: enough to read its trees and, through the index, everything else. */
export interface VersionEntry {
  readonly kind: 'version';
  readonly set: string;
  /** Time of the backup's start by the owner's clock. */
  readonly at: number;
  /** Root of the tree. */
  readonly tree: LocatedChunk;
  /** The newest index object; null when nothing was ever indexed. */
  readonly index: LocatedChunk | null;
  readonly files: number;
  readonly bytes: number;
}

/** A version that is no longer wanted, or is wanted again. */
export interface VersionChange {
  readonly kind: 'retired' | 'brought-back';
  readonly version: VersionId;
}

/** What a `version` entry of the log says when it is opened. */
export type VersionNote = VersionEntry | VersionChange;

/** Every note has this many bytes before sealing, so that holders cannot tell a new version from a retired one. */
const NOTE_BYTES = 362;
const KINDS = ['version', 'retired', 'brought-back'] as const;

const noteShape = either(
  map({
    k: oneOf(0),
    s: text(LIMITS.setNameBytesMax.value),
    a: int(),
    t: bytes(LOCATED_CHUNK_BYTES),
    i: nullable(bytes(LOCATED_CHUNK_BYTES)),
    f: int(),
    b: int(),
  }),
  map({ k: oneOf(1, 2), v: bytes(32) }),
);

function wireOf(note: VersionNote) {
  if (note.kind !== 'version') return { k: KINDS.indexOf(note.kind), v: bytesOfBlock(note.version) };
  return {
    k: 0,
    s: note.set,
    a: note.at,
    t: packLocated(note.tree),
    i: note.index === null ? null : packLocated(note.index),
    f: note.files,
    b: note.bytes,
  };
}

/** `u16 length ‖ CBOR ‖ zeros`, always 362 bytes. Throws `BAD_INPUT` for a set name beyond 36 bytes. */
export function encodeVersionNote(note: VersionNote): Uint8Array {
  const encoded = encode(wireOf(note));
  if (note.kind === 'version' && new TextEncoder().encode(note.set).length > LIMITS.setNameBytesMax.value) {
    throw new BitDustError('BAD_INPUT', 'The name of a set has at most 36 bytes.');
  }
  const head = Uint8Array.of(encoded.length >> 8, encoded.length & 0xff);
  return concatBytes(head, encoded, new Uint8Array(NOTE_BYTES - 2 - encoded.length));
}

/** Reads what `encodeVersionNote` wrote. Throws `ENCODING_INVALID`. */
export function decodeVersionNote(input: Uint8Array): VersionNote {
  const length = (input[0] ?? 0) * 256 + (input[1] ?? 0);
  if (input.length !== NOTE_BYTES || length > NOTE_BYTES - 2) {
    throw new BitDustError('ENCODING_INVALID', 'a version entry has another size');
  }
  if (input.subarray(2 + length).some((byte) => byte !== 0)) {
    throw new BitDustError('ENCODING_INVALID', 'the padding of a version entry is not zero');
  }
  const wire = decodeAs(noteShape, input.subarray(2, 2 + length), { bytesMax: NOTE_BYTES, name: 'version entry' });
  if (wire.k !== 0) return { kind: KINDS[wire.k], version: toHex(wire.v) };
  return {
    kind: 'version',
    set: wire.s,
    at: wire.a,
    tree: unpackLocated(wire.t),
    index: wire.i === null ? null : unpackLocated(wire.i),
    files: wire.f,
    bytes: wire.b,
  };
}

/** Seals a note under the catalogue secret of an epoch: 398 bytes. `salt` is 16 random bytes, used once. */
export function sealVersionNote(
  note: VersionNote,
  key: { readonly epoch: number; readonly secret: Uint8Array; readonly salt: Uint8Array },
): Uint8Array {
  return seal({ ...key, label: LABELS.version, plaintext: encodeVersionNote(note) });
}

/** Opens a sealed note. Throws `SEAL_BROKEN` or `ENCODING_INVALID`. */
export function openVersionNote(sealed: Uint8Array, secretOf: (epoch: number) => Uint8Array | undefined): VersionNote {
  return decodeVersionNote(open({ secretOf, label: LABELS.version, sealed }));
}
