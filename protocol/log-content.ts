import { BitDustError } from './errors.ts';
import { concatBytes, fromHex, toHex } from './hash.ts';
import { type BlockId, bytesOfBlock, bytesOfLog, deviceIdFrom, keyOfDevice } from './ids.ts';
import { LIMITS } from './limits.ts';
import type { LogHead, LogPlace } from './log-place.ts';
import { array, bytes, int, type MapOf, map, nullable, type Shape, text } from './shape.ts';

/** Kinds whose body is a list of blocks. */
export const BLOCK_KINDS = ['commit', 'abandon', 'bury', 'keep', 'erased'] as const;

/** Fields of each kind of entry, without the common ones. */
export interface LogBodies {
  /** This device is uploading these blocks: encoded block records, attached to the entry. */
  readonly open: { readonly upload: string; readonly records: readonly Uint8Array[] };
  readonly commit: { readonly blocks: readonly BlockId[] };
  readonly abandon: { readonly blocks: readonly BlockId[] };
  readonly bury: { readonly blocks: readonly BlockId[] };
  readonly keep: { readonly blocks: readonly BlockId[] };
  readonly erased: { readonly blocks: readonly BlockId[] };
  /** A sealed version entry, or a sealed "retired" or "brought back"; holders cannot tell which. */
  readonly version: { readonly sealed: Uint8Array };
  readonly pin: { readonly task: string; readonly until: number };
  readonly unpin: { readonly task: string };
  /** `hash` is hex of the SHA-256 of the signed family document. */
  readonly family: { readonly version: number; readonly hash: string };
  /** `set` is an opaque name of the set; k is null for `auto`. */
  readonly geometry: { readonly set: Uint8Array; readonly k: number | null; readonly n: number };
  readonly document: { readonly name: string; readonly sealed: Uint8Array };
  /** One of `parts` parts of the state up to these heads; rows are attached. */
  readonly checkpoint: {
    readonly upTo: readonly LogHead[];
    readonly part: number;
    readonly parts: number;
    readonly rows: readonly Uint8Array[];
  };
}

export type LogKind = keyof LogBodies;

/** What an entry says: one kind with its fields. */
export type LogContent = { [K in LogKind]: { readonly kind: K; readonly body: LogBodies[K] } }[LogKind];

type Wire = Readonly<Record<string, unknown>>;

interface Codec<Body> {
  read(wire: unknown, attached: readonly Uint8Array[]): Body;
  write(body: Body): { readonly wire: Wire; readonly attached?: readonly Uint8Array[] };
}

const ID_BYTES = 32;

const headShape = map({ device: bytes(32), log: bytes(16), seq: int(1), hash: bytes(32) });

/** Wire form of a place in an entry's `seen` and in orders. */
export const placeShape = map({ device: bytes(32), log: bytes(16), seq: int(1) });

/** Reads the wire form of a place. */
export function readPlace(wire: MapOf<{ device: Shape<Uint8Array>; log: Shape<Uint8Array>; seq: Shape<number> }>) {
  return { device: deviceIdFrom(wire.device), log: toHex(wire.log), seq: wire.seq } satisfies LogPlace;
}

/** Gives the wire form of a place. */
export function writePlace(place: LogPlace) {
  return { device: keyOfDevice(place.device), log: bytesOfLog(place.log), seq: place.seq };
}

/** Reads the wire form of a head. Throws `ENCODING_INVALID`. */
export function readHead(wire: unknown): LogHead {
  const { hash, ...place } = headShape.check(wire, 'head');
  return { ...readPlace(place), hash: toHex(hash) };
}

/** Gives the wire form of a head. */
export function writeHead(head: LogHead) {
  return { ...writePlace(head), hash: fromHex(head.hash) };
}

/** Splits ids laid end to end; at most `blocksPerEntryMax`, none twice. */
function readBlocks(packed: Uint8Array): BlockId[] {
  const count = packed.length / ID_BYTES;
  if (!Number.isInteger(count)) throw new BitDustError('ENCODING_INVALID', 'blocks are not whole ids');
  const ids = Array.from({ length: count }, (_, i) => toHex(packed.subarray(i * ID_BYTES, (i + 1) * ID_BYTES)));
  if (new Set(ids).size !== count) throw new BitDustError('ENCODING_INVALID', 'a block is named twice');
  return ids;
}

const blocksShape = map({ blocks: bytes({ min: ID_BYTES, max: LIMITS.blocksPerEntryMax.value * ID_BYTES }) });

const blocksCodec: Codec<LogBodies['commit']> = {
  read: (wire) => ({ blocks: readBlocks(blocksShape.check(wire, 'body').blocks) }),
  write: ({ blocks }) => ({ wire: { blocks: concatBytes(...blocks.map(bytesOfBlock)) } }),
};

/** A codec whose wire form has the same fields as the body. */
function plain<Body extends Wire>(shape: Shape<Body>): Codec<Body> {
  return { read: (wire) => shape.check(wire, 'body'), write: (body) => ({ wire: body }) };
}

const taskText = text(64, /^[!-~]+$/);
const openShape = map({ upload: bytes(16) });
const familyShape = map({ version: int(1), hash: bytes(32) });
const checkpointShape = map({
  upTo: array(headShape, LIMITS.logsPerOwnerMax.value, 1),
  part: int(0, LIMITS.checkpointPartsMax.value - 1),
  parts: int(1, LIMITS.checkpointPartsMax.value),
});

const CODECS: { readonly [K in LogKind]: Codec<LogBodies[K]> } = {
  open: {
    read: (wire, attached) => {
      const { upload } = openShape.check(wire, 'body');
      if (attached.length < 1 || attached.length > LIMITS.recordsPerEntryMax.value) {
        throw new BitDustError('ENCODING_INVALID', 'an open entry carries 1 to 64 block records');
      }
      return { upload: toHex(upload), records: attached };
    },
    write: ({ upload, records }) => ({ wire: { upload: bytesOfLog(upload) }, attached: records }),
  },
  commit: blocksCodec,
  abandon: blocksCodec,
  bury: blocksCodec,
  keep: blocksCodec,
  erased: blocksCodec,
  version: plain(map({ sealed: bytes({ min: 1, max: LIMITS.sealedVersionBytesMax.value }) })),
  pin: plain(map({ task: taskText, until: int() })),
  unpin: plain(map({ task: taskText })),
  family: {
    read: (wire) => {
      const { version, hash } = familyShape.check(wire, 'body');
      return { version, hash: toHex(hash) };
    },
    write: ({ version, hash }) => ({ wire: { version, hash: bytesOfBlock(hash) } }),
  },
  geometry: plain(
    map({
      set: bytes({ min: 1, max: 64 }),
      k: nullable(int(1, LIMITS.seatsMax.value)),
      n: int(1, LIMITS.seatsMax.value),
    }),
  ),
  document: plain(
    map({ name: text(32, /^[a-z][a-z-]*$/), sealed: bytes({ min: 1, max: LIMITS.sealedDocumentBytesMax.value }) }),
  ),
  checkpoint: {
    read: (wire, rows) => {
      const { upTo, part, parts } = checkpointShape.check(wire, 'body');
      if (part >= parts) throw new BitDustError('ENCODING_INVALID', 'a part beyond the last');
      return { upTo: upTo.map(readHead), part, parts, rows };
    },
    write: ({ upTo, part, parts, rows }) => ({ wire: { upTo: upTo.map(writeHead), part, parts }, attached: rows }),
  },
};

/** True for a kind this version understands. */
export function isLogKind(kind: string): kind is LogKind {
  return Object.hasOwn(CODECS, kind);
}

/** Reads the fields of a known kind. Throws `ENCODING_INVALID`; fields of later versions are ignored. */
export function readContent(kind: LogKind, wire: unknown, attached: readonly Uint8Array[]): LogContent {
  return { kind, body: CODECS[kind].read(wire, attached) } as LogContent;
}

/** Gives the wire fields of a content and what is attached to the entry. */
export function writeContent(content: LogContent): {
  readonly wire: Wire;
  readonly attached: readonly Uint8Array[];
} {
  const { wire, attached = [] } = (CODECS[content.kind] as Codec<unknown>).write(content.body);
  return { wire, attached };
}
