import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { BlockIntent } from '../../ports/pipeline.ts';
import { placeFooter } from '../../protocol/block-footer.ts';
import { CHUNK_TAG_BYTES, packChunk, sealChunkAgain } from '../../protocol/chunk.ts';
import { equalBytes } from '../../protocol/hash.ts';
import { absolutePath, toByteName } from './byte-names.ts';
import { codePieces } from './code-block.ts';

export interface RemakeInput {
  readonly root: string;
  readonly intent: BlockIntent;
  readonly buffer: ArrayBuffer;
}

export interface RemakeAnswer {
  readonly buffer: ArrayBuffer;
  /** Chunks whose source gives other bytes now; none means that the block is the same. */
  readonly changed: readonly Uint8Array[];
}

type IntentChunk = BlockIntent['chunks'][number];

function readRange(root: string, source: { path: Uint8Array; offset: number; length: number }): Uint8Array | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(
      absolutePath(root, toByteName(source.path)),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    const bytes = new Uint8Array(source.length);
    let at = 0;
    while (at < bytes.length) {
      const read = readSync(fd, bytes, at, bytes.length - at, source.offset + at);
      if (read === 0) return undefined;
      at += read;
    }
    return bytes;
  } catch {
    // Whatever the reason, the source does not give the bytes: the block is made anew.
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function sealAgain(root: string, chunk: IntentChunk, target: Uint8Array): boolean {
  const plaintext = 'bytes' in chunk.source ? chunk.source.bytes : readRange(root, chunk.source);
  if (plaintext === undefined) return false;
  const { codec, bytes: packed } = packChunk(plaintext);
  if (codec !== chunk.codec || packed.length + CHUNK_TAG_BYTES !== chunk.length) return false;
  return sealChunkAgain({ chunk: chunk.chunk, packed, seal: chunk, target });
}

/** Makes a block again from the sources of its chunks, under the keys it had: the very same bytes, or none. */
export function remakeBlock({ root, intent, buffer }: RemakeInput): RemakeAnswer {
  const { k, n, size, roots, footer, chunks } = intent;
  const block = new Uint8Array(buffer, 0, size);
  block.fill(0);
  const changed = chunks
    .filter((chunk) => !sealAgain(root, chunk, block.subarray(chunk.offset, chunk.offset + chunk.length)))
    .map(({ chunk }) => chunk);
  if (changed.length > 0) return { buffer, changed };
  placeFooter(block, footer);
  const same = equalBytes(codePieces(buffer, { k, n, size }), roots);
  return { buffer, changed: same ? [] : chunks.map(({ chunk }) => chunk) };
}
