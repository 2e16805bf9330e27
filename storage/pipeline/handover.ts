import type { ChunkKind, ChunkSource, NewBlock, WriterOptions } from '../../ports/pipeline.ts';
import type { Workers } from '../../ports/workers.ts';
import { footerRoom } from '../../protocol/block-footer.ts';
import { paddedBlockBytes, pieceBytes } from '../../protocol/block-size.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { BufferRing } from './buffer-ring.ts';
import { callJob } from './call-job.ts';
import { type CodeAnswer, piecesOf } from './code-block.ts';
import type { OpenBlock } from './seal-window.ts';

/** A chunk in an open block, with all that a copy and an intent say of it. */
export interface BlockRow {
  readonly chunk: Uint8Array;
  readonly kind: ChunkKind;
  readonly offset: number;
  readonly length: number;
  readonly codec: 'none' | 'zstd';
  readonly key: Uint8Array;
  readonly hash: Uint8Array;
  readonly source: ChunkSource;
}

/** An open block and what was put into it. */
export interface FilledBlock {
  open: OpenBlock;
  readonly rows: BlockRow[];
}

/** Ends blocks and hands them over in order. */
export interface Handover {
  /** Codes the block in the background; waits while three are on their way. */
  add(block: FilledBlock): Promise<void>;
  /** Resolves when everything was taken over. */
  drain(): Promise<void>;
  /** Blocks handed over and not released yet, and those on their way. */
  outstanding(): number;
  /** Nothing is handed over any more. */
  stop(): void;
}

const ON_THE_WAY_MAX = 3;

interface HandoverNeeds {
  readonly workers: Workers;
  readonly ring: BufferRing;
  readonly options: WriterOptions;
  /** Told when a buffer is no longer the writer's. */
  readonly passedOn: (bytes: number) => void;
  readonly taken: (block: NewBlock) => void;
}

/** The line in which the blocks of one writer are coded and given to `onBlock`. */
export function createHandover({ workers, ring, options, passedOn, taken }: HandoverNeeds): Handover {
  const { geometry, secrets, signal, onBlock } = options;
  const { k, n } = geometry;
  const under = new Set<Promise<void>>();
  let turn: Promise<void> = Promise.resolve();
  let unreleased = 0;
  let failure: { readonly error: unknown } | undefined;

  function builtFrom(answer: CodeAnswer, rows: readonly BlockRow[], size: number): NewBlock {
    const { buffer, block, roots, footer } = answer;
    const copies = rows.map(({ source: _, ...copy }) => ({ block, ...copy }));
    const bytes = buffer.byteLength;
    let held = true;
    unreleased += 1;
    const release = () => {
      if (!held) return;
      held = false;
      unreleased -= 1;
      ring.giveBack(buffer, bytes);
    };
    const intent = { block, k, n, size, roots, footer, chunks: rows };
    const pieces = piecesOf(buffer, { k, n, size });
    return { block, k, n, size, pieceBytes: pieceBytes(k, size), roots, pieces, release, copies, intent };
  }

  async function code({ open, rows }: FilledBlock, before: Promise<void>): Promise<void> {
    const size = paddedBlockBytes(k, open.filled + footerRoom(rows.length));
    const { epoch, secret } = secrets.footer;
    const footerRows = rows.map(({ kind, chunk, offset, length, codec, key }) => ({
      kind,
      chunk,
      offset,
      length,
      codec,
      key,
    }));
    const input = { buffer: open.buffer, filled: open.filled, k, n, size, rows: footerRows, epoch, secret };
    const answer = await callJob(workers, 'code', input, { signal, transfer: [open.buffer] });
    await before;
    if (failure !== undefined) return;
    passedOn(answer.buffer.byteLength);
    const built = builtFrom(answer, rows, size);
    try {
      await onBlock(built);
    } catch (error) {
      built.release();
      throw error;
    }
    taken(built);
  }

  function rethrow(): void {
    if (failure !== undefined) throw failure.error;
  }

  return {
    async add(block) {
      rethrow();
      const run = code(block, turn).catch((error: unknown) => {
        failure ??= { error };
      });
      turn = run;
      under.add(run);
      void run.then(() => under.delete(run));
      while (under.size >= ON_THE_WAY_MAX) await Promise.race(under);
      rethrow();
    },
    async drain() {
      await Promise.all(under);
      rethrow();
    },
    outstanding: () => under.size + unreleased,
    stop() {
      failure ??= { error: new BitDustError('CANCELLED') };
    },
  };
}
