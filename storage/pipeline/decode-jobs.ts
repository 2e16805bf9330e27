import type { BlockShape, StoredCopy } from '../../ports/pipeline.ts';
import { hash } from '../../protocol/blake3.ts';
import { readFooter } from '../../protocol/block-footer.ts';
import { rootOfPiece } from '../../protocol/block-record.ts';
import { openChunk } from '../../protocol/chunk.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes, toHex } from '../../protocol/hash.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { LABELS } from '../../protocol/labels.ts';
import { pieceRoot } from '../../protocol/piece-tree.ts';
import { threadCoder } from './code-block.ts';

/** Pieces by index, as they travel between threads. */
export type PieceList = readonly (readonly [index: number, bytes: Uint8Array])[];

export interface VerifyInput {
  readonly shape: BlockShape;
  readonly pieces: PieceList;
}

/** Indices of pieces that do not have their root. */
export function verifyPieces({ shape, pieces }: VerifyInput): readonly number[] {
  return pieces
    .filter(([index, bytes]) => !equalBytes(pieceRoot(LABELS.piece, bytes), rootOfPiece(shape, index)))
    .map(([index]) => index);
}

export interface RecomputeInput {
  readonly shape: BlockShape;
  readonly pieces: PieceList;
  readonly want: readonly number[];
  /** Room for the wanted pieces one after the other. */
  readonly buffer: ArrayBuffer;
  readonly prove: boolean;
}

export interface RecomputeAnswer {
  readonly buffer: ArrayBuffer;
  /** Computed pieces that do not have their root. */
  readonly bad: readonly number[];
}

/** Computes the wanted pieces from any k, and proves them when asked. */
export function recomputePieces(input: RecomputeInput): RecomputeAnswer {
  const { shape, pieces, want, buffer, prove } = input;
  const length = pieces[0]![1].length;
  const outputs = want.map((_, order) => new Uint8Array(buffer, order * length, length));
  threadCoder().reconstruct({ k: shape.k, n: shape.n, present: new Map(pieces), want, outputs });
  const bad = prove
    ? verifyPieces({ shape, pieces: want.map((index, order) => [index, outputs[order]!] as const) })
    : [];
  return { buffer, bad };
}

/** One chunk to be opened, by where its ciphertext begins. */
export interface OpenRow {
  readonly chunk: Uint8Array;
  readonly at: number;
  readonly length: number;
  readonly codec: 'none' | 'zstd';
  readonly key: Uint8Array;
  readonly hash: Uint8Array;
}

/** Opens one chunk out of the bytes; `CHUNK_ROTTEN` names it. */
export function openRow(bytes: Uint8Array, row: OpenRow): Uint8Array {
  const { chunk, at, length, codec, key } = row;
  try {
    if (at < 0 || length < 0 || at + length > bytes.length) throw new BitDustError('CHUNK_ROTTEN');
    const ciphertext = bytes.subarray(at, at + length);
    return openChunk({ chunk, ciphertext, codec, seal: { key, hash: row.hash } });
  } catch (error) {
    throw new BitDustError('CHUNK_ROTTEN', undefined, { cause: error, details: { chunk: toHex(chunk) } });
  }
}

/** Opens chunks, in order. */
export function openChunks(input: { readonly bytes: Uint8Array; readonly rows: readonly OpenRow[] }): Uint8Array[] {
  return input.rows.map((row) => openRow(input.bytes, row));
}

/** The copies that a block's own footer lists, with the hashes of their ciphertexts. */
export function readBlockFooter(input: {
  readonly block: BlockId;
  readonly bytes: Uint8Array;
  readonly secrets: ReadonlyMap<number, Uint8Array>;
}): readonly StoredCopy[] {
  const { block, bytes, secrets } = input;
  return readFooter(bytes, (epoch) => secrets.get(epoch)).map((row) => ({
    block,
    ...row,
    hash: hash(bytes.subarray(row.offset, row.offset + row.length)),
  }));
}
