import { type BlockMark, type BlockMarks, type MarkKind, NO_MARKS, type OpenMark } from './block-marks.ts';
import { blockIdOf } from './block-record.ts';
import { encode } from './cbor.ts';
import { BitDustError } from './errors.ts';
import { fromHex, toHex } from './hash.ts';
import { type BlockId, bytesOfBlock, bytesOfLog, deviceIdFrom, keyOfDevice } from './ids.ts';
import { LIMITS } from './limits.ts';
import { type LogPlace, type LogStamp, logKey } from './log-place.ts';
import type { BlockState, DocumentState, FamilyState, GeometryState, PinState, VersionState } from './log-state.ts';
import { array, bytes, decodeAs, either, int, map, nullable, oneOf, optional, text } from './shape.ts';

/** One row of the state: what checkpoints carry, and how stores keep it. */
export type StateRow =
  | { readonly on: 'block'; readonly block: BlockId; readonly state: BlockState }
  | { readonly on: 'version'; readonly row: VersionState }
  | { readonly on: 'document'; readonly row: DocumentState }
  | { readonly on: 'pin'; readonly row: PinState }
  | { readonly on: 'family'; readonly row: FamilyState }
  | { readonly on: 'geometry'; readonly row: GeometryState };

const MARK_KINDS = ['open', 'commit', 'abandon', 'bury', 'keep', 'erased'] as const satisfies readonly MarkKind[];
const ROW_BYTES_MAX = 224 * 1024;

/** Logs are written once a row; marks name them by number. A mark: log, seq, then what it saw as log, seq pairs. */
const logShape = map({ device: bytes(32), log: bytes(16) });
const logNumber = int(0, LIMITS.logsPerOwnerMax.value);
const stampFields = {
  l: logNumber,
  q: int(1),
  s: optional(array(int(), LIMITS.logsPerOwnerMax.value * 2, 2)),
} as const;
const markShape = map({ ...stampFields, a: optional(int()), p: optional(bytes({ max: 255 })) });
const marks = optional(array(markShape, LIMITS.marksPerBlockMax.value * LIMITS.logsPerOwnerMax.value, 1));

const commonFields = { logs: array(logShape, LIMITS.logsPerOwnerMax.value + 1, 1) } as const;
const blockShape = map({
  ...commonFields,
  on: oneOf('block'),
  block: bytes(32),
  shape: nullable(map({ k: int(1, 255), n: int(1, 255), size: int(1), roots: bytes({ min: 32, max: 255 * 32 }) })),
  open: marks,
  commit: marks,
  abandon: marks,
  bury: marks,
  keep: marks,
  erased: marks,
});
const versionShape = map({
  ...commonFields,
  ...stampFields,
  on: oneOf('version'),
  hash: bytes(32),
  at: int(),
  sealed: bytes({ max: LIMITS.sealedVersionBytesMax.value }),
});
const documentShape = map({
  ...commonFields,
  ...stampFields,
  on: oneOf('document'),
  hash: bytes(32),
  at: int(),
  name: text(32, /^[a-z][a-z-]*$/),
  sealed: bytes({ max: LIMITS.sealedDocumentBytesMax.value }),
});
const pinShape = map({ ...commonFields, ...stampFields, on: oneOf('pin'), task: text(64), until: int() });
const familyShape = map({ ...commonFields, ...stampFields, on: oneOf('family'), version: int(1), hash: bytes(32) });
const geometryShape = map({
  ...commonFields,
  ...stampFields,
  on: oneOf('geometry'),
  set: bytes({ min: 1, max: 64 }),
  k: nullable(int(1, 255)),
  n: int(1, 255),
});
const rowShape = either(blockShape, versionShape, documentShape, pinShape, familyShape, geometryShape);

type StampWire = { readonly l: number; readonly q: number; readonly s?: readonly number[] };
type LogName = { readonly device: LogPlace['device']; readonly log: LogPlace['log'] };

/** Numbers logs in the order they are met. */
class LogTable {
  readonly #numbers = new Map<string, number>();
  readonly rows: { device: Uint8Array; log: Uint8Array }[] = [];

  number(place: LogName): number {
    const key = logKey(place);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.rows.push({ device: keyOfDevice(place.device), log: bytesOfLog(place.log) });
    this.#numbers.set(key, this.rows.length - 1);
    return this.rows.length - 1;
  }

  write(stamp: LogStamp): StampWire {
    const seen = stamp.seen.flatMap((place) => [this.number(place), place.seq]);
    return { l: this.number(stamp), q: stamp.seq, ...(seen.length === 0 ? {} : { s: seen }) };
  }
}

function stampReader(logs: readonly { readonly device: Uint8Array; readonly log: Uint8Array }[]) {
  const names = logs.map(({ device, log }) => ({ device: deviceIdFrom(device), log: toHex(log) }));
  const place = (number: number, seq: number): LogPlace => {
    const name = names[number];
    if (name === undefined) throw new BitDustError('ENCODING_INVALID', 'a row names a log it does not list');
    return { ...name, seq };
  };
  return (wire: StampWire): LogStamp => {
    const pairs = wire.s ?? [];
    if (pairs.length % 2 !== 0) throw new BitDustError('ENCODING_INVALID', 'what a mark saw is cut short');
    const seen: LogPlace[] = [];
    for (let at = 0; at < pairs.length; at += 2) seen.push(place(pairs[at]!, pairs[at + 1]!));
    return { ...place(wire.l, wire.q), seen };
  };
}

/** With `times` the row keeps when each mark was seen: for the holder's own store, never for a checkpoint. */
export function encodeRow(row: StateRow, options: { readonly times: boolean }): Uint8Array {
  const table = new LogTable();
  const wire = wireOf(row, table, options.times);
  return encode({ ...wire, on: row.on, logs: table.rows });
}

function marksWire(state: BlockState, table: LogTable, times: boolean) {
  const kinds = MARK_KINDS.filter((kind) => state.marks[kind].length > 0);
  const entries = kinds.map((kind) => [
    kind,
    state.marks[kind].map((mark: BlockMark | OpenMark) => ({
      ...table.write(mark),
      ...(times ? { a: mark.sawAt } : {}),
      ...('seats' in mark ? { p: Uint8Array.from(mark.seats) } : {}),
    })),
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function wireOf(row: StateRow, table: LogTable, times: boolean): Record<string, unknown> {
  switch (row.on) {
    case 'block': {
      const { shape } = row.state;
      const marked = marksWire(row.state, table, times);
      const wire = shape === null ? null : { k: shape.k, n: shape.n, size: shape.size, roots: shape.roots };
      return { block: bytesOfBlock(row.block), shape: wire, ...marked };
    }
    case 'version': {
      const { version, at, sealed } = row.row;
      return { ...table.write(row.row), hash: bytesOfBlock(version), at, sealed };
    }
    case 'document': {
      const { hash, at, name, sealed } = row.row;
      return { ...table.write(row.row), hash: fromHex(hash), at, name, sealed };
    }
    case 'pin':
      return { ...table.write(row.row), task: row.row.task, until: row.row.until };
    case 'family':
      return { ...table.write(row.row), version: row.row.version, hash: fromHex(row.row.hash) };
    case 'geometry':
      return { ...table.write(row.row), set: row.row.set, k: row.row.k, n: row.row.n };
  }
}

type BlockWire = ReturnType<typeof blockShape.check>;

function readBlock(wire: BlockWire, stamp: (wire: StampWire) => LogStamp, sawAt: number): StateRow {
  const block = toHex(wire.block);
  if (wire.shape !== null && blockIdOf(wire.shape) !== block) {
    throw new BitDustError('ENCODING_INVALID', 'a block row names another block');
  }
  const read: Record<string, unknown> = { ...NO_MARKS };
  for (const kind of MARK_KINDS) {
    read[kind] = (wire[kind] ?? []).map((mark) => ({
      ...stamp(mark),
      sawAt: mark.a ?? sawAt,
      ...(kind === 'open' ? { seats: [...(mark.p ?? [])] } : {}),
    }));
  }
  const state: BlockState = { shape: wire.shape, marks: read as unknown as BlockMarks };
  if (state.marks.open.some((open) => open.seats.length !== (wire.shape?.n ?? -1))) {
    throw new BitDustError('ENCODING_INVALID', 'the seats of a block row are not its pieces');
  }
  return { on: 'block', block, state };
}

/** Reads a row. Marks without a time of seeing get `sawAt`. Throws `ENCODING_INVALID`. */
export function decodeRow(input: Uint8Array, options: { readonly sawAt: number }): StateRow {
  const wire = decodeAs(rowShape, input, { bytesMax: ROW_BYTES_MAX, name: 'state row' });
  const stamp = stampReader(wire.logs);
  switch (wire.on) {
    case 'block':
      return readBlock(wire, stamp, options.sawAt);
    case 'version':
      return {
        on: 'version',
        row: {
          ...stamp(wire),
          version: toHex(wire.hash),
          at: wire.at,
          device: stamp(wire).device,
          sealed: wire.sealed,
        },
      };
    case 'document':
      return {
        on: 'document',
        row: { ...stamp(wire), hash: toHex(wire.hash), at: wire.at, name: wire.name, sealed: wire.sealed },
      };
    case 'pin':
      return { on: 'pin', row: { ...stamp(wire), task: wire.task, until: wire.until } };
    case 'family':
      return { on: 'family', row: { ...stamp(wire), version: wire.version, hash: toHex(wire.hash) } };
    case 'geometry':
      return { on: 'geometry', row: { ...stamp(wire), set: wire.set, k: wire.k, n: wire.n } };
  }
}
