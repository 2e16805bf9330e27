import type { BlockSource, ChunkCopy } from '../../ports/catalogue.ts';
import type { BlockRow, OrderLog } from '../../ports/order-logs.ts';
import type { BlockShape, Pipeline } from '../../ports/pipeline.ts';
import { pieceBytes } from '../../protocol/block-size.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { LEAF_BYTES } from '../../protocol/piece-tree.ts';
import type { BlockFetchers, Gathered } from './block-fetcher.service.ts';
import { allLeaves, type LeafSpan, leavesFor } from './retrieve.ts';
import { createWholeBlocks } from './whole-blocks.ts';

export interface BlockSourceNeeds {
  readonly log: Pick<OrderLog, 'block'>;
  readonly fetchers: BlockFetchers;
  readonly pipeline: Pick<Pipeline, 'decode' | 'openChunks'>;
}

/** Bytes fetched and blocks decoded so far, for status and the story of a restore. */
export interface SourceCounters {
  readonly fetchedBytes: number;
  readonly decodedBlocks: number;
}

/** Reads stored bytes over the fetchers: ranges from their data pieces, else the same leaves of any k pieces. */
export function createBlockSource(needs: BlockSourceNeeds): BlockSource & { counters(): SourceCounters } {
  const { log, fetchers, pipeline } = needs;
  let fetchedBytes = 0;
  let decodedBlocks = 0;
  const wholes = createWholeBlocks(async (block, signal) => {
    const { bytes, release } = await readBlock({ block, signal });
    const copy = bytes.slice();
    release();
    return copy;
  });

  async function rowOf(block: BlockId) {
    const row = await log.block(block);
    if (!row || row.standing === 'erased' || row.standing === 'abandoned') {
      throw new BitDustError('TOO_FEW_PIECES', 'The block is not stored any more.', {
        details: { blocks: [{ block, have: 0, k: row?.k ?? 0 }] },
      });
    }
    return row;
  }

  /** Bytes of one piece, from its own seat, else computed from the same leaves of k others. */
  async function readOfPiece(
    block: BlockId,
    range: { readonly index: number; readonly offset: number; readonly length: number; readonly signal: AbortSignal },
  ): Promise<Uint8Array> {
    const row = await rowOf(block);
    const { index, signal } = range;
    const span = leavesFor({ ...range, pieceLength: pieceBytes(row.k, row.size) });
    const from = range.offset - span.leaf * LEAF_BYTES;
    const cut = (bytes: Uint8Array): Uint8Array => bytes.subarray(from, from + range.length);
    const direct = new AbortController();
    const round = new AbortController();
    const seat = row.seats[index] ?? 0;
    const fromSeat = fetchSpan({ row, span, need: 1, only: [index], signal: AbortSignal.any([signal, direct.signal]) });
    const isHere = fromSeat.then(
      () => true,
      () => false,
    );
    const isLate = fetchers.late(seat, AbortSignal.any([signal, round.signal])).then(
      () => false,
      () => true,
    );
    try {
      if (await Promise.race([isHere, isLate])) return cut((await fromSeat).get(index)!);
      signal.throwIfAborted();
      const decoded = decodeSpan(row, { span, index, signal: AbortSignal.any([signal, round.signal]) });
      decoded.catch(() => undefined);
      const first = await Promise.any([fromSeat.then((pieces) => pieces.get(index)!), decoded]).catch(() => decoded);
      return cut(first);
    } finally {
      direct.abort();
      round.abort();
    }
  }

  async function fetchSpan(options: Parameters<BlockFetchers['fetch']>[0]): Promise<Gathered['pieces']> {
    const gathered = await fetchers.fetch(options);
    fetchedBytes += gathered.fetchedBytes;
    return gathered.pieces;
  }

  /** The leaves of one piece, computed from the same leaves of k others. */
  async function decodeSpan(
    row: BlockRow,
    wanted: { readonly span: LeafSpan; readonly index: number; readonly signal: AbortSignal },
  ): Promise<Uint8Array> {
    const { span, index, signal } = wanted;
    const only = row.seats.map((_, other) => other).filter((other) => other !== index);
    const pieces = await fetchSpan({ row, span, need: row.k, only, signal });
    const slice = [...pieces.values()][0]!.length;
    const shape: BlockShape = { block: row.block, k: row.k, n: row.n, size: slice * row.k, roots: row.roots };
    const { bytes, release } = await pipeline.decode({ shape, pieces, signal });
    decodedBlocks += 1;
    try {
      return bytes.slice(index * slice, (index + 1) * slice);
    } finally {
      release();
    }
  }

  async function readRange(options: {
    readonly block: BlockId;
    readonly offset: number;
    readonly length: number;
    readonly signal: AbortSignal;
  }): Promise<Uint8Array> {
    const { block, offset, length, signal } = options;
    const row = await rowOf(block);
    if (offset < 0 || length < 0 || offset + length > row.size)
      throw new BitDustError('BAD_INPUT', 'The range lies outside the block.');
    const known = await wholes.read(block, signal);
    if (known) return known.subarray(offset, offset + length);
    const piece = pieceBytes(row.k, row.size);
    const parts: Promise<Uint8Array>[] = [];
    for (let at = offset; at < offset + length; ) {
      const index = Math.floor(at / piece);
      const end = Math.min(offset + length, (index + 1) * piece);
      parts.push(readOfPiece(block, { index, offset: at - index * piece, length: end - at, signal }));
      at = end;
    }
    const read = await Promise.all(parts);
    if (read.length === 1) return read[0]!;
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of read) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  async function gather(options: { readonly block: BlockId; readonly signal: AbortSignal }) {
    const row = await rowOf(options.block);
    const span = allLeaves(pieceBytes(row.k, row.size));
    const gathered = await fetchers.fetch({ row, span, need: row.k, signal: options.signal });
    fetchedBytes += gathered.fetchedBytes;
    return { row, ...gathered };
  }

  async function openCopy(chunk: Uint8Array, copy: ChunkCopy, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await readRange({ block: copy.block, offset: copy.offset, length: copy.length, signal });
    const [opened] = await pipeline.openChunks({ bytes, chunks: [{ chunk, copy, at: 0 }], signal });
    return opened!;
  }

  async function readBlock(options: { readonly block: BlockId; readonly signal: AbortSignal }) {
    const { row, pieces, fetchedBytes: fetched } = await gather(options);
    const { block, k, n, size, roots } = row;
    const shape = { block, k, n, size, roots };
    const { bytes, decoded, release } = await pipeline.decode({ shape, pieces, signal: options.signal });
    if (decoded) decodedBlocks += 1;
    return { bytes, decoded, fetchedBytes: fetched, release };
  }

  return {
    readRange,
    readBlock,
    async readChunk({ chunk, copies, signal }) {
      let last: unknown = new BitDustError('TOO_FEW_PIECES', 'No copy of the chunk is known.');
      for (const copy of copies) {
        try {
          return await openCopy(chunk, copy, signal);
        } catch (error) {
          signal.throwIfAborted();
          last = error;
        }
      }
      throw last;
    },
    gather: async (options) => (await gather(options)).pieces,
    counters: () => ({ fetchedBytes, decodedBlocks }),
  };
}
