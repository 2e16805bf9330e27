import { type FooterRow, placeFooter, sealFooter } from '../../protocol/block-footer.ts';
import { blockIdOf } from '../../protocol/block-record.ts';
import { pieceBytes } from '../../protocol/block-size.ts';
import { equalBytes } from '../../protocol/hash.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { LABELS } from '../../protocol/labels.ts';
import { pieceRoot } from '../../protocol/piece-tree.ts';
import { type Coder, createCoder } from '../../protocol/reed-solomon/coder.ts';

export interface CodeInput {
  /** Chunks up to `filled`; behind it anything. */
  readonly buffer: ArrayBuffer;
  readonly filled: number;
  readonly k: number;
  readonly n: number;
  readonly size: number;
  readonly rows: readonly FooterRow[];
  readonly epoch: number;
  readonly secret: Uint8Array;
}

export interface CodeAnswer {
  readonly buffer: ArrayBuffer;
  readonly block: BlockId;
  readonly roots: Uint8Array;
  readonly footer: Uint8Array;
}

let coder: Coder | undefined;

/** The coder of this thread. */
export function threadCoder(): Coder {
  coder ??= createCoder();
  return coder;
}

/** Views of the n pieces of a block at the beginning of its buffer. */
export function piecesOf(buffer: ArrayBuffer, shape: { k: number; n: number; size: number }): Uint8Array[] {
  const length = pieceBytes(shape.k, shape.size);
  return Array.from({ length: shape.n }, (_, index) => new Uint8Array(buffer, index * length, length));
}

/** Computes the parity of a block that lies at the beginning of the buffer, and the roots of all its pieces. */
export function codePieces(buffer: ArrayBuffer, shape: { k: number; n: number; size: number }): Uint8Array {
  const pieces = piecesOf(buffer, shape);
  new Uint8Array(buffer, shape.size, pieceBytes(shape.k, shape.size) * shape.k - shape.size).fill(0);
  threadCoder().encode(shape.k, shape.n, pieces);
  const roots = new Uint8Array(shape.n * 32);
  for (const [index, piece] of pieces.entries()) roots.set(pieceRoot(LABELS.piece, piece), index * 32);
  return roots;
}

/** Ends a block: zeros, sealed footer, trailer, parity, roots. */
export function codeBlock(input: CodeInput, random: (length: number) => Uint8Array): CodeAnswer {
  const { buffer, filled, k, n, size, rows, epoch, secret } = input;
  const bytes = new Uint8Array(buffer, 0, size);
  const footer = sealFooter({ rows, epoch, secret, salt: random(16) });
  bytes.fill(0, filled);
  placeFooter(bytes, footer);
  const roots = codePieces(buffer, { k, n, size });
  return { buffer, roots, footer, block: blockIdOf({ k, n, size, roots }) };
}

/** All pieces of a block whose bytes are known; `holds` says whether they have the roots they should have. */
export function codeAgain(input: {
  readonly buffer: ArrayBuffer;
  readonly k: number;
  readonly n: number;
  readonly size: number;
  readonly roots: Uint8Array;
}): { readonly buffer: ArrayBuffer; readonly holds: boolean } {
  const roots = codePieces(input.buffer, input);
  return { buffer: input.buffer, holds: equalBytes(roots, input.roots) };
}
