import type { BlockShape, BuiltBlock, ChunkToOpen, Pipeline } from '../../ports/pipeline.ts';
import type { Workers } from '../../ports/workers.ts';
import { pieceBytes } from '../../protocol/block-size.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { createBlockWriter } from './block-writer.ts';
import { type BufferRing, createBufferRing } from './buffer-ring.ts';
import { callJob } from './call-job.ts';
import { piecesOf } from './code-block.ts';
import type { OpenRow, PieceList } from './decode-jobs.ts';
import { createRestoreTarget } from './restore-target.ts';
import { scan } from './scan.ts';

export interface PipelineNeeds {
  readonly workers: Workers;
  /** Byte budget of the node; 256 MiB unless told. */
  readonly limitBytes?: number;
}

type Shape = Pick<BlockShape, 'block' | 'k' | 'n' | 'size' | 'roots'>;

/** Exactly k pieces, the data pieces first: they need no arithmetic. */
function anyK(shape: Shape, pieces: ReadonlyMap<number, Uint8Array>): PieceList {
  const length = pieceBytes(shape.k, shape.size);
  const list = [...pieces].filter(([index, bytes]) => index < shape.n && bytes.length === length);
  if (list.length < shape.k) {
    const details = { blocks: [{ block: shape.block, have: list.length, k: shape.k }] };
    throw new BitDustError('TOO_FEW_PIECES', undefined, { details });
  }
  return list.sort(([a], [b]) => a - b).slice(0, shape.k);
}

function openRow({ chunk, copy, at }: ChunkToOpen): OpenRow {
  const { length, codec, key, hash } = copy;
  return { chunk, at, length, codec, key, hash };
}

function once(run: () => void): () => void {
  let open = true;
  return () => {
    if (open) run();
    open = false;
  };
}

function builtBlock(ring: BufferRing, shape: Shape, buffer: ArrayBuffer): BuiltBlock {
  const { block, k, n, size, roots } = shape;
  const bytes = buffer.byteLength;
  const release = once(() => ring.giveBack(buffer, bytes));
  return { block, k, n, size, roots, pieceBytes: pieceBytes(k, size), pieces: piecesOf(buffer, shape), release };
}

/** Takes a buffer for one job; what the job does not bring back is no longer counted. */
async function withBuffer<Value>(
  ring: BufferRing,
  options: { readonly bytes: number; readonly signal: AbortSignal },
  run: (buffer: ArrayBuffer) => Promise<Value>,
): Promise<Value> {
  const buffer = await ring.take(options.bytes, options.signal);
  try {
    return await run(buffer);
  } catch (error) {
    ring.forget(options.bytes);
    throw error;
  }
}

function createMakers({ workers }: PipelineNeeds, ring: BufferRing): Pick<Pipeline, 'remake' | 'rebuildFromBlock'> {
  return {
    remake: ({ root, intent, signal }) => {
      const bytes = pieceBytes(intent.k, intent.size) * intent.n;
      return withBuffer(ring, { bytes, signal }, async (buffer) => {
        const answer = await callJob(workers, 'remake', { root, intent, buffer }, { signal, transfer: [buffer] });
        if (answer.changed.length === 0) return { block: builtBlock(ring, intent, answer.buffer) };
        ring.giveBack(answer.buffer);
        return { changed: answer.changed };
      });
    },
    rebuildFromBlock: ({ shape, bytes, signal }) => {
      const room = pieceBytes(shape.k, shape.size) * shape.n;
      return withBuffer(ring, { bytes: room, signal }, async (buffer) => {
        new Uint8Array(buffer).set(bytes.subarray(0, shape.size));
        const { k, n, size, roots } = shape;
        const answer = await callJob(
          workers,
          'codeAgain',
          { buffer, k, n, size, roots },
          { signal, transfer: [buffer] },
        );
        if (!answer.holds) throw new BitDustError('BLOCK_ROTTEN', undefined, { details: { block: shape.block } });
        return builtBlock(ring, shape, answer.buffer);
      });
    },
  };
}

type Readers = Pick<Pipeline, 'verifyPieces' | 'decode' | 'recompute' | 'openChunks' | 'readFooter'>;

function createReaders({ workers }: PipelineNeeds, ring: BufferRing): Readers {
  return {
    verifyPieces: ({ shape, pieces, signal, background = false }) =>
      callJob(workers, 'verify', { shape, pieces: [...pieces] }, { signal, background }),
    async decode({ shape, pieces, signal }) {
      const chosen = anyK(shape, pieces);
      const length = pieceBytes(shape.k, shape.size);
      const want = Array.from({ length: shape.k }, (_, index) => index);
      const decoded = chosen.some(([index]) => index >= shape.k);
      return withBuffer(ring, { bytes: length * shape.k, signal }, async (room) => {
        let buffer = room;
        if (decoded) {
          const input = { shape, pieces: chosen, want, buffer, prove: false };
          buffer = (await callJob(workers, 'recompute', input, { signal, transfer: [buffer] })).buffer;
        } else {
          for (const [index, bytes] of chosen) new Uint8Array(buffer).set(bytes, index * length);
        }
        const release = once(() => ring.giveBack(buffer, length * shape.k));
        return { bytes: new Uint8Array(buffer, 0, shape.size), decoded, release };
      });
    },
    async recompute({ shape, pieces, want, signal, background = false }) {
      const chosen = anyK(shape, pieces);
      const length = pieceBytes(shape.k, shape.size);
      return withBuffer(ring, { bytes: length * want.length, signal }, async (room) => {
        const input = { shape, pieces: chosen, want, buffer: room, prove: true };
        const { buffer, bad } = await callJob(workers, 'recompute', input, { signal, transfer: [room], background });
        if (bad.length > 0) throw new BitDustError('BLOCK_ROTTEN', undefined, { details: { block: shape.block, bad } });
        const made = want.map((index, order) => [index, new Uint8Array(buffer, order * length, length)] as const);
        return { pieces: new Map(made), release: once(() => ring.giveBack(buffer, length * want.length)) };
      });
    },
    openChunks: ({ bytes, chunks, signal }) =>
      callJob(workers, 'open', { bytes, rows: chunks.map(openRow) }, { signal }),
    readFooter: ({ block, bytes, secrets, signal }) =>
      callJob(workers, 'footer', { block, bytes, secrets }, { signal }),
  };
}

/** The pipeline over these workers, with one ring of buffers for the whole node. */
export function createPipeline(needs: PipelineNeeds): Pipeline {
  const { workers, limitBytes = LIMITS.bufferBudgetBytes.value } = needs;
  const ring = createBufferRing(limitBytes);
  return {
    ...createMakers(needs, ring),
    ...createReaders(needs, ring),
    scan: (options) => scan({ workers, ...options }),
    writer: (options) => createBlockWriter({ workers, ring }, options),
    target: (options) => createRestoreTarget(workers, options),
    memory: () => ring.memory(),
    takeBudget: (bytes, signal) => ring.reserve(bytes, signal),
  };
}
