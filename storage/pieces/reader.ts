import type { Disk, DiskFile } from '../../ports/disk.ts';
import type { PieceProof, PieceRange, PieceRef } from '../../ports/pieces.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import { equalBytes } from '../../protocol/hash.ts';
import { LABELS } from '../../protocol/labels.ts';
import { encodePieceHeader, PIECE_HEADER_BYTES, piecePayloadStart } from '../../protocol/piece-file.ts';
import { hashLeaves, LEAF_BYTES, leafCount, treeRoot } from '../../protocol/piece-tree.ts';
import type { Layout } from './layout.ts';
import type { PieceIndex } from './piece-index.ts';
import type { PlacedRow } from './rows.ts';
import type { Volume } from './volume.ts';

const STEP_LEAVES = 16;
const HASH_BYTES = 32;

/** Reads pieces and lets no byte out that was not checked against the root in the index. */
export interface PieceReader {
  read(ref: PieceRef, range?: { readonly leaf: number; readonly leaves: number }): Promise<PieceRange>;
  prove(ref: PieceRef, leaves: readonly number[]): Promise<PieceProof>;
  /** `PIECE_ROTTEN` when anything of the piece is wrong or missing. */
  verify(row: PlacedRow, signal?: AbortSignal): Promise<void>;
}

interface OpenPiece {
  readonly row: PlacedRow;
  readonly file: DiskFile;
  /** Where the piece begins in its file. */
  readonly start: number;
  readonly leafHashes: Uint8Array;
}

type Work<Answer> = (piece: OpenPiece) => Promise<Answer>;

/** A reader; `onRotten` marks a piece in the index before the caller hears of it. */
export function createPieceReader(options: {
  readonly disk: Disk;
  readonly layout: Layout;
  readonly index: PieceIndex;
  readonly volume: Volume;
  readonly onRotten: (row: PlacedRow) => Promise<void>;
}): PieceReader {
  const { index } = options;

  async function served(ref: PieceRef): Promise<PlacedRow> {
    const row = await index.row(ref);
    if (!row || row.trash) throw new BitDustError('PIECE_UNKNOWN', undefined, { details: { ...ref } });
    if (row.rotten) throw rotten(row);
    return row;
  }

  /** Opens a piece and runs the work on it; a piece that moved meanwhile is looked up once more. */
  async function withPiece<Answer>(row: PlacedRow, work: Work<Answer>, known?: Uint8Array): Promise<Answer> {
    try {
      return await attempt({ ...options, row, work, known });
    } catch (cause) {
      if (!isBitDustError(cause, 'PIECE_ROTTEN')) throw cause;
      const now = await index.row(row);
      if (now && samePlace(now, row)) {
        await options.onRotten(row);
        throw cause;
      }
      if (!now) throw new BitDustError('PIECE_UNKNOWN');
      return attempt({ ...options, row: now, work, known });
    }
  }

  return {
    async read(ref, range) {
      const row = await served(ref);
      const total = leafCount(row.length);
      const first = range?.leaf ?? 0;
      const count = Math.min(range?.leaves ?? total, total - first);
      if (first < 0 || count < 1) throw new BitDustError('BAD_INPUT', 'The piece has no such leaves.');
      const leafHashes = await withPiece(row, async (piece) => piece.leafHashes);
      return {
        length: row.length,
        root: row.root,
        firstLeaf: first,
        leaves: count,
        leafHashes,
        contentBytes: Math.min((first + count) * LEAF_BYTES, row.length) - first * LEAF_BYTES,
        content: steps({ row, first, count, leafHashes, withPiece }),
      };
    },
    async prove(ref, wanted) {
      const row = await served(ref);
      if (wanted.some((leaf) => !Number.isInteger(leaf) || leaf < 0 || leaf >= leafCount(row.length))) {
        throw new BitDustError('BAD_INPUT', 'The piece has no such leaf.');
      }
      return withPiece(row, async (piece) => {
        const leaves: { index: number; data: Uint8Array }[] = [];
        for (const leaf of wanted) leaves.push({ index: leaf, data: await readLeaves(piece, leaf, 1) });
        return { length: row.length, root: row.root, leafHashes: piece.leafHashes, leaves };
      });
    },
    verify: (row, signal) =>
      attempt({
        ...options,
        row,
        work: async (piece) => {
          const total = leafCount(row.length);
          for (let leaf = 0; leaf < total; leaf += STEP_LEAVES) {
            signal?.throwIfAborted();
            await readLeaves(piece, leaf, Math.min(STEP_LEAVES, total - leaf));
          }
        },
      }),
  };
}

async function* steps(options: {
  readonly row: PlacedRow;
  readonly first: number;
  readonly count: number;
  readonly leafHashes: Uint8Array;
  readonly withPiece: <Answer>(row: PlacedRow, work: Work<Answer>, known?: Uint8Array) => Promise<Answer>;
}): AsyncGenerator<Uint8Array> {
  const end = options.first + options.count;
  for (let leaf = options.first; leaf < end; leaf += STEP_LEAVES) {
    const count = Math.min(STEP_LEAVES, end - leaf);
    yield await options.withPiece(options.row, (piece) => readLeaves(piece, leaf, count), options.leafHashes);
  }
}

/** One opening of a piece: header and leaf hashes must be the promised ones before anything else is read. */
async function attempt<Answer>(options: {
  readonly disk: Disk;
  readonly layout: Layout;
  readonly volume: Volume;
  readonly row: PlacedRow;
  readonly work: Work<Answer>;
  /** Leaf hashes that were checked before. */
  readonly known?: Uint8Array | undefined;
}): Promise<Answer> {
  const { disk, layout, volume, row } = options;
  const { place } = row;
  const path = 'file' in place ? layout.absolute(place.file) : layout.segment(place.segment);
  const start = 'file' in place ? 0 : place.at;
  try {
    return await volume.guard(async () => {
      const file = await disk.open(path, 'read');
      try {
        const leafHashes = options.known ?? (await readHead(row, file, start));
        return await options.work({ row, file, start, leafHashes });
      } finally {
        await file.close();
      }
    });
  } catch (cause) {
    // The volume is there, or the guard would have said so: then the file itself is missing.
    if (isBitDustError(cause, 'FILE_NOT_FOUND')) throw rotten(row, cause);
    throw cause;
  }
}

async function readHead(row: PlacedRow, file: DiskFile, start: number): Promise<Uint8Array> {
  const head = new Uint8Array(piecePayloadStart(row.length));
  await file.read(head, start);
  const leafHashes = head.subarray(PIECE_HEADER_BYTES);
  const root = treeRoot(LABELS.piece, { length: row.length, leaves: leafHashes });
  if (!isHeaderOf(row, head) || !equalBytes(root, row.root)) throw rotten(row);
  return leafHashes;
}

function isHeaderOf(row: PlacedRow, head: Uint8Array): boolean {
  const { customer, block, seat, length, root, order } = row;
  return equalBytes(
    head.subarray(0, PIECE_HEADER_BYTES),
    encodePieceHeader({ customer, block, seat, length, root, order }),
  );
}

async function readLeaves(piece: OpenPiece, leaf: number, count: number): Promise<Uint8Array> {
  const { row, file, start, leafHashes } = piece;
  const from = leaf * LEAF_BYTES;
  const data = new Uint8Array(Math.min(count * LEAF_BYTES, row.length - from));
  const read = await file.read(data, start + piecePayloadStart(row.length) + from);
  const expected = leafHashes.subarray(leaf * HASH_BYTES, (leaf + count) * HASH_BYTES);
  if (read !== data.length || !equalBytes(hashLeaves(data), expected)) throw rotten(row);
  return data;
}

function samePlace(one: PlacedRow, other: PlacedRow): boolean {
  return JSON.stringify(one.place) === JSON.stringify(other.place) && equalBytes(one.root, other.root);
}

function rotten(row: PlacedRow, cause?: unknown): BitDustError {
  const { customer, block, seat } = row;
  return new BitDustError('PIECE_ROTTEN', undefined, { cause, details: { customer, block, seat } });
}
