import type { ChunkKind, ChunkSource } from '../../ports/pipeline.ts';
import type { Workers } from '../../ports/workers.ts';
import { callJob } from './call-job.ts';
import type { BlockRow, FilledBlock, Handover } from './handover.ts';
import type { SealedRow } from './seal-window.ts';

/** A window of plaintext with the chunks of it that are new. */
export interface NewChunks {
  readonly kind: ChunkKind;
  readonly window: ArrayBuffer;
  readonly ids: Uint8Array;
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  readonly wanted: Uint32Array;
  readonly sourceOf: (index: number) => ChunkSource;
}

/** The open blocks of one kind of chunks. */
export interface BlockLane {
  /** Seals chunks into the open blocks, one window after the other; gives the window's buffer back. */
  add(chunks: NewChunks): Promise<ArrayBuffer>;
  /** Takes the open blocks out of the lane. */
  takeOpen(): FilledBlock[];
  /** Goes on with this block. */
  putBack(block: FilledBlock): void;
}

interface LaneNeeds {
  readonly workers: Workers;
  readonly handover: Handover;
  readonly signal: AbortSignal;
  readonly openBlock: () => Promise<FilledBlock>;
  /** A second block to put into what does not fit the first, when memory allows. */
  readonly openSecond: () => FilledBlock | undefined;
}

/** A lane with one or two open blocks: a chunk goes into the first in which it fits, so little room is left over. */
export function createBlockLane({ workers, handover, signal, openBlock, openSecond }: LaneNeeds): BlockLane {
  let blocks: FilledBlock[] = [];
  let turn: Promise<unknown> = Promise.resolve();

  function note(row: SealedRow, chunks: NewChunks): void {
    const { index, offset, length, codec, key, hash } = row;
    const chunk = chunks.ids.slice(index * 32, (index + 1) * 32);
    const entry: BlockRow = {
      chunk,
      kind: chunks.kind,
      offset,
      length,
      codec,
      key,
      hash,
      source: chunks.sourceOf(index),
    };
    blocks[row.block]!.rows.push(entry);
  }

  async function ready(): Promise<void> {
    if (blocks.length === 0) blocks = [await openBlock()];
    if (blocks.length > 1) return;
    const second = openSecond();
    if (second !== undefined) blocks.push(second);
  }

  async function sealAll(chunks: NewChunks): Promise<ArrayBuffer> {
    let { window, wanted } = chunks;
    while (wanted.length > 0) {
      await ready();
      const { ids, starts, lengths } = chunks;
      const input = { window, ids, starts, lengths, wanted, blocks: blocks.map(({ open }) => open) };
      const transfer = [window, ...input.blocks.map(({ buffer }) => buffer)];
      const answer = await callJob(workers, 'seal', input, { signal, transfer });
      for (const [index, open] of answer.blocks.entries()) blocks[index]!.open = open;
      for (const row of answer.rows) note(row, chunks);
      window = answer.window;
      wanted = wanted.subarray(answer.sealed);
      if (wanted.length > 0) await handover.add(blocks.shift()!);
    }
    return window;
  }

  return {
    add(chunks) {
      const run = turn.then(() => sealAll(chunks));
      turn = run.catch(() => undefined);
      return run;
    },
    takeOpen() {
      const open = blocks;
      blocks = [];
      return open;
    },
    putBack(block) {
      blocks.unshift(block);
    },
  };
}
