import { encode } from './cbor.ts';
import { BitDustError } from './errors.ts';
import { equalBytes, readU32, textBytes, u32 } from './hash.ts';
import { LABELS } from './labels.ts';
import { LIMITS } from './limits.ts';
import { open, SEALED_OVERHEAD_BYTES, seal } from './sealed.ts';
import { bytes, decodeAs, map } from './shape.ts';

/** The last bytes of every block: 12 bytes magic, u32 version, u32 length of the sealed footer, 28 zeros. */
export const TRAILER_BYTES = 48;
const MAGIC = textBytes('BitDustBlock');
const VERSION = 1;
/** Footer and trailer together are padded to this, so their length tells little of the number of chunks. */
const STEP_BYTES = 4096;
const LENGTH_BYTES = 4;
const ID_BYTES = 32;
const KEY_BYTES = 32;
/** Bytes of one chunk in the footer: kind, id, offset, length, codec, key. */
const ROW_BYTES = 1 + ID_BYTES + 4 + 4 + 1 + KEY_BYTES;
/** Map head, six keys and the heads of six byte strings. */
const FRAME_BYTES = 128;

const KINDS = ['data', 'tree', 'index'] as const;
const CODECS = ['none', 'zstd'] as const;

export type ChunkKind = (typeof KINDS)[number];
export type ChunkCodec = (typeof CODECS)[number];

/** One chunk as the footer lists it. */
export interface FooterRow {
  readonly kind: ChunkKind;
  readonly chunk: Uint8Array;
  readonly offset: number;
  readonly length: number;
  readonly codec: ChunkCodec;
  readonly key: Uint8Array;
}

const columns = bytes({ max: LIMITS.footerBytesMax.value });
const footerShape = map({
  kinds: columns,
  chunks: columns,
  offsets: columns,
  lengths: columns,
  codecs: columns,
  keys: columns,
});

/** Bytes at the end of a block that footer and trailer of so many chunks take. */
export function footerRoom(chunks: number): number {
  const plain = LENGTH_BYTES + FRAME_BYTES + chunks * ROW_BYTES;
  return Math.ceil((plain + SEALED_OVERHEAD_BYTES + TRAILER_BYTES) / STEP_BYTES) * STEP_BYTES;
}

function numbers(values: readonly number[]): Uint8Array {
  const result = new Uint8Array(values.length * 4);
  const view = new DataView(result.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value);
  return result;
}

function join(parts: readonly Uint8Array[], each: number): Uint8Array {
  const result = new Uint8Array(parts.length * each);
  for (const [index, part] of parts.entries()) {
    if (part.length !== each) throw new RangeError(`${each} bytes are needed`);
    result.set(part, index * each);
  }
  return result;
}

/** The sealed footer of these chunks; with the trailer it takes exactly `footerRoom` bytes. */
export function sealFooter(options: {
  readonly rows: readonly FooterRow[];
  readonly epoch: number;
  readonly secret: Uint8Array;
  readonly salt: Uint8Array;
}): Uint8Array {
  const { rows, epoch, secret, salt } = options;
  const content = encode({
    kinds: Uint8Array.from(rows, ({ kind }) => KINDS.indexOf(kind)),
    chunks: join(
      rows.map(({ chunk }) => chunk),
      ID_BYTES,
    ),
    offsets: numbers(rows.map(({ offset }) => offset)),
    lengths: numbers(rows.map(({ length }) => length)),
    codecs: Uint8Array.from(rows, ({ codec }) => CODECS.indexOf(codec)),
    keys: join(
      rows.map(({ key }) => key),
      KEY_BYTES,
    ),
  });
  const plaintext = new Uint8Array(footerRoom(rows.length) - TRAILER_BYTES - SEALED_OVERHEAD_BYTES);
  plaintext.set(u32(content.length));
  plaintext.set(content, LENGTH_BYTES);
  return seal({ epoch, secret, salt, label: LABELS.footer, plaintext });
}

/** Writes a sealed footer and its trailer to the end of a block. */
export function placeFooter(block: Uint8Array, sealed: Uint8Array): void {
  const trailer = new Uint8Array(TRAILER_BYTES);
  trailer.set(MAGIC);
  trailer.set(u32(VERSION), MAGIC.length);
  trailer.set(u32(sealed.length), MAGIC.length + 4);
  block.set(sealed, block.length - TRAILER_BYTES - sealed.length);
  block.set(trailer, block.length - TRAILER_BYTES);
}

function fail(message: string): never {
  throw new BitDustError('FOOTER_UNREADABLE', message);
}

/** The sealed footer that stands in a block (exactly `size` bytes); `FOOTER_UNREADABLE` when there is none. */
export function findFooter(block: Uint8Array): Uint8Array {
  if (block.length < TRAILER_BYTES) fail('the block is too short');
  const trailer = block.subarray(block.length - TRAILER_BYTES);
  if (!equalBytes(trailer.subarray(0, MAGIC.length), MAGIC)) fail('there is no trailer');
  if (readU32(trailer, MAGIC.length) !== VERSION) fail('the footer is of another version');
  const length = readU32(trailer, MAGIC.length + 4);
  if (length < SEALED_OVERHEAD_BYTES || length > block.length - TRAILER_BYTES) fail('the length is wrong');
  return block.subarray(block.length - TRAILER_BYTES - length, block.length - TRAILER_BYTES);
}

function rowsFrom(content: Uint8Array, roomBytes: number): FooterRow[] {
  const footer = decodeAs(footerShape, content, { bytesMax: LIMITS.footerBytesMax.value, name: 'footer' });
  const count = footer.kinds.length;
  const fits =
    footer.codecs.length === count &&
    footer.offsets.length === count * 4 &&
    footer.lengths.length === count * 4 &&
    footer.chunks.length === count * ID_BYTES &&
    footer.keys.length === count * KEY_BYTES;
  if (!fits) fail('its columns differ in length');
  return Array.from({ length: count }, (_, index) => {
    const kind = KINDS[footer.kinds[index]!];
    const codec = CODECS[footer.codecs[index]!];
    const offset = readU32(footer.offsets, index * 4);
    const length = readU32(footer.lengths, index * 4);
    if (kind === undefined || codec === undefined || offset + length > roomBytes) fail('a row is not valid');
    const chunk = footer.chunks.slice(index * ID_BYTES, (index + 1) * ID_BYTES);
    return { kind, chunk, offset, length, codec, key: footer.keys.slice(index * KEY_BYTES, (index + 1) * KEY_BYTES) };
  });
}

/** What the block's footer lists; `FOOTER_UNREADABLE` when it is missing, sealed under an unknown epoch, or nonsense. */
export function readFooter(
  block: Uint8Array,
  secretOf: (epoch: number) => Uint8Array | undefined,
): readonly FooterRow[] {
  const sealed = findFooter(block);
  try {
    const plaintext = open({ secretOf, label: LABELS.footer, sealed });
    const length = plaintext.length < LENGTH_BYTES ? 0 : readU32(plaintext);
    return rowsFrom(
      plaintext.subarray(LENGTH_BYTES, LENGTH_BYTES + length),
      block.length - TRAILER_BYTES - sealed.length,
    );
  } catch (error) {
    if (error instanceof BitDustError && error.code === 'FOOTER_UNREADABLE') throw error;
    throw new BitDustError('FOOTER_UNREADABLE', undefined, { cause: error });
  }
}
