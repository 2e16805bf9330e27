import type {
  BlockWriter,
  NewBlock,
  OpenCopy,
  ScannedEntry,
  StoredCopy,
  StoredFile,
  WriterOptions,
} from '../../ports/pipeline.ts';
import type { Workers } from '../../ports/workers.ts';
import { createKeyedHash } from '../../protocol/blake3.ts';
import { footerRoom } from '../../protocol/block-footer.ts';
import { SHARED_BLOCK_BYTES } from '../../protocol/block-size.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { createBlockLane } from './block-lane.ts';
import type { BufferRing } from './buffer-ring.ts';
import { toByteName } from './byte-names.ts';
import { createHandover, type FilledBlock } from './handover.ts';
import { createFileReader } from './read-slices.ts';
import { createWriterBuffers } from './writer-buffers.ts';

const OBJECTS_BYTES = 4 * 1024 * 1024;
const OBJECTS_MAX = 256;
/** Room that the index object, its row and the padding of the footer may need beside what shares its block. */
const INDEX_ROW_BYTES = 128;
const SHARED_SLACK_BYTES = 64 * 1024;

interface WriterNeeds {
  readonly workers: Workers;
  readonly ring: BufferRing;
}

/** Moves the chunks of `from` behind those of `into`. */
function append(into: FilledBlock, from: FilledBlock): void {
  const shift = into.open.filled;
  new Uint8Array(into.open.buffer).set(new Uint8Array(from.open.buffer, 0, from.open.filled), shift);
  into.rows.push(...from.rows.map((row) => ({ ...row, offset: row.offset + shift })));
  into.open = { ...into.open, filled: shift + from.open.filled, chunks: into.open.chunks + from.open.chunks };
}

function usedBytes(blocks: readonly FilledBlock[]): number {
  const rows = blocks.reduce((sum, block) => sum + block.rows.length, 0);
  return blocks.reduce((sum, { open }) => sum + open.filled, footerRoom(rows + 1));
}

/** Turns files and objects into blocks; see the port. */
export function createBlockWriter({ workers, ring }: WriterNeeds, options: WriterOptions): BlockWriter {
  const { geometry, secrets, signal } = options;
  const keyedHash = createKeyedHash(secrets.dedup);
  const inBlocks = new Set<string>();
  const progress = { filesRead: 0, bytesRead: 0, bytesDeduplicated: 0, bytesStored: 0, blocks: 0 };
  const objects: { readonly chunk: Uint8Array; readonly bytes: Uint8Array }[] = [];
  let indexCopy: StoredCopy | null = null;
  let shared: FilledBlock | undefined;

  function taken(block: NewBlock): void {
    progress.blocks += 1;
    indexCopy = block.copies.find(({ kind }) => kind === 'index') ?? indexCopy;
    for (const { chunk, length } of block.copies) {
      inBlocks.delete(toByteName(chunk));
      progress.bytesStored += length;
    }
  }

  const buffers = createWriterBuffers({ ring, geometry, signal });
  const handover = createHandover({ workers, ring, options, passedOn: buffers.passedOn, taken });
  const { takeWindow, giveBack } = buffers;
  const openBlock = () => buffers.openBlock(handover.outstanding() > 0);
  const laneNeeds = { workers, handover, signal, openBlock };
  const dataLane = createBlockLane({ ...laneNeeds, openSecond: buffers.openSecond });
  const treeLane = createBlockLane({ ...laneNeeds, openSecond: () => undefined });

  /** Which of the chunks are new, each once; they count as stored from now on. */
  async function claimNew(ids: Uint8Array, lengths: Uint32Array): Promise<Uint32Array> {
    const list = Array.from(lengths, (_, index) => ids.subarray(index * 32, (index + 1) * 32));
    const known = list.length === 0 ? [] : await options.known(list);
    signal.throwIfAborted();
    const wanted = list.flatMap((id, index) => {
      const name = toByteName(id);
      if (known[index] || inBlocks.has(name)) {
        progress.bytesDeduplicated += lengths[index]!;
        return [];
      }
      inBlocks.add(name);
      return [index];
    });
    return Uint32Array.from(wanted);
  }

  const reader = createFileReader({ workers, options, dataLane, takeWindow, giveWindow: giveBack, claimNew, progress });

  /** Seals objects that lie one after the other in a new window. */
  async function sealObjects(
    list: readonly { chunk: Uint8Array; bytes: Uint8Array }[],
    kind: 'tree' | 'index',
  ): Promise<void> {
    const window = takeWindow();
    const ids = new Uint8Array(list.length * 32);
    const lengths = Uint32Array.from(list, ({ bytes }) => bytes.length);
    const starts = new Uint32Array(list.length);
    let at = 0;
    for (const [index, { chunk, bytes }] of list.entries()) {
      ids.set(chunk, index * 32);
      starts[index] = at;
      new Uint8Array(window).set(bytes, at);
      at += bytes.length;
    }
    const wanted = kind === 'tree' ? await claimNew(ids, lengths) : Uint32Array.of(0);
    const sourceOf = (index: number) => ({ bytes: list[index]!.bytes });
    giveBack(await treeLane.add({ kind, window, ids, starts, lengths, wanted, sourceOf }));
  }

  async function flushObjects(): Promise<void> {
    const list = objects.splice(0);
    if (list.length > 0) await sealObjects(list, 'tree');
  }

  function requireObject(bytes: Uint8Array): void {
    if (bytes.length > LIMITS.chunkBytesMax.value) throw new BitDustError('TOO_LARGE', 'an object has at most 4 MiB');
  }

  function merge(blocks: readonly FilledBlock[]): FilledBlock {
    const [first, ...others] = blocks;
    for (const other of others) {
      append(first!, other);
      giveBack(other.open.buffer);
    }
    return first!;
  }

  /** Hands blocks over, as one where they fit one. */
  async function end(blocks: readonly FilledBlock[]): Promise<void> {
    const filled = blocks.filter(({ rows }) => rows.length > 0);
    for (const { open } of blocks.filter(({ rows }) => rows.length === 0)) giveBack(open.buffer);
    if (filled.length > 1 && usedBytes(filled) <= buffers.capacity) return handover.add(merge(filled));
    for (const block of filled) await handover.add(block);
  }

  async function closeTrees(): Promise<readonly OpenCopy[]> {
    await flushObjects();
    const data = dataLane.takeOpen();
    const trees = treeLane.takeOpen();
    const rest = [...data, ...trees].filter(({ rows }) => rows.length > 0);
    const rows = rest.reduce((sum, block) => sum + block.rows.length, 0);
    const little = usedBytes(rest) + rows * INDEX_ROW_BYTES + SHARED_SLACK_BYTES <= SHARED_BLOCK_BYTES;
    if (rest.length > 0 && little) {
      await end([...data, ...trees].filter((block) => block.rows.length === 0));
      shared = merge(rest);
    } else {
      await end(data);
      await end(trees);
    }
    await handover.drain();
    return (shared?.rows ?? []).map(({ source: _, ...row }) => ({ ...row, block: null }));
  }

  async function finish(index: Uint8Array | null): Promise<StoredCopy | null> {
    if (index !== null) requireObject(index);
    if (shared !== undefined) treeLane.putBack(shared);
    shared = undefined;
    if (index !== null) await sealObjects([{ chunk: keyedHash(index), bytes: index }], 'index');
    await end([...dataLane.takeOpen(), ...treeLane.takeOpen()]);
    await handover.drain();
    return indexCopy;
  }

  return {
    addFiles: (files: readonly ScannedEntry[]): Promise<readonly StoredFile[]> => reader.addFiles(files),
    async addTree(bytes) {
      requireObject(bytes);
      const chunk = keyedHash(bytes);
      objects.push({ chunk, bytes: Uint8Array.from(bytes) });
      const waiting = objects.reduce((sum, object) => sum + object.bytes.length, 0);
      if (waiting >= OBJECTS_BYTES || objects.length >= OBJECTS_MAX) await flushObjects();
      return chunk;
    },
    closeTrees,
    finish,
    progress: () => ({ ...progress }),
    close() {
      handover.stop();
      buffers.close();
    },
  };
}
