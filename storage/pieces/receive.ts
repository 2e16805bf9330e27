import type { Disk, DiskFile } from '../../ports/disk.ts';
import type { PieceOffer } from '../../ports/pieces.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { concatBytes, equalBytes } from '../../protocol/hash.ts';
import { LABELS } from '../../protocol/labels.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { encodePieceHeader, piecePayloadStart } from '../../protocol/piece-file.ts';
import { createTreeBuilder } from '../../protocol/piece-tree.ts';

/** A piece whose bytes are verified and written, but not yet durable: in a file of its own, or as a record for a segment. */
export type Received =
  | { readonly offer: PieceOffer; readonly file: DiskFile; readonly path: string }
  | { readonly offer: PieceOffer; readonly record: Uint8Array };

const WRITE_BYTES = 256 * 1024;

/** Takes in the payload of a piece and checks length and root; leaves nothing behind when it fails. */
export async function receivePiece(options: {
  readonly disk: Disk;
  readonly offer: PieceOffer;
  readonly content: AsyncIterable<Uint8Array>;
  /** Where a piece that gets a file of its own is written. */
  readonly path: string;
  readonly signal: AbortSignal | undefined;
}): Promise<Received> {
  const { disk, offer, path } = options;
  const chunks = untilAborted(options.content, options.signal);
  if (offer.length < LIMITS.segmentPieceBytesMax.value) {
    const payload = new Uint8Array(offer.length);
    const head = await take(offer, chunks, async (bytes, at) => payload.set(bytes, at));
    return { offer, record: concatBytes(head, payload) };
  }
  const file = await disk.open(path, 'create');
  try {
    const start = piecePayloadStart(offer.length);
    const head = await take(offer, inSteps(chunks), (bytes, at) => file.write(bytes, start + at));
    await file.write(head, 0);
    return { offer, file, path };
  } catch (cause) {
    await dropFile(disk, { file, path });
    throw cause;
  }
}

/** Closes and removes what was received and will not be kept. */
export async function dropFile(
  disk: Disk,
  received: { readonly file: DiskFile; readonly path: string },
): Promise<void> {
  await received.file.close().catch(() => undefined);
  // What cannot be removed now is removed with all of `incoming` at the next start.
  await disk.remove(received.path).catch(() => undefined);
}

/** Passes the payload on, and gives header and leaf hashes once it proved to be the promised one. */
async function take(
  offer: PieceOffer,
  chunks: AsyncIterable<Uint8Array>,
  write: (bytes: Uint8Array, at: number) => Promise<void>,
): Promise<Uint8Array> {
  const tree = createTreeBuilder(LABELS.piece);
  let at = 0;
  for await (const chunk of chunks) {
    if (at + chunk.length > offer.length) throw new BitDustError('PIECE_LENGTH_WRONG', 'The piece is too long.');
    tree.update(chunk);
    await write(chunk, at);
    at += chunk.length;
  }
  if (at !== offer.length) throw new BitDustError('PIECE_LENGTH_WRONG', 'The piece ended early.');
  const { root, leaves } = tree.finish();
  if (!equalBytes(root, offer.root)) throw new BitDustError('PIECE_ROOT_WRONG');
  return concatBytes(encodePieceHeader(offer), leaves);
}

/** The same bytes in larger steps, so that small packets do not become small writes. */
async function* inSteps(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const step = new Uint8Array(WRITE_BYTES);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + WRITE_BYTES - filled);
      step.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled === WRITE_BYTES) {
        yield step;
        filled = 0;
      }
    }
  }
  if (filled > 0) yield step.subarray(0, filled);
}

async function* untilAborted(
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (!signal) {
    yield* content;
    return;
  }
  signal.throwIfAborted();
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  // Nobody may be waiting when it fires.
  aborted.catch(() => undefined);
  const iterator = content[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not awaited: a stalled source would hold the abort.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
