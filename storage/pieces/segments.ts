import type { Disk, DiskFile } from '../../ports/disk.ts';
import type { RecordOperation } from '../../ports/records.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { decodeLocal, encodeLocal } from '../../protocol/local-codec.ts';
import type { Layout } from './layout.ts';
import { KEYS } from './rows.ts';

/** Records in a segment begin at multiples of this, so that the next one is found after a damaged one. */
export const SEGMENT_STEP = 64;

/** What the index knows of a segment: its bytes, and how many of them no row points at any more. */
export interface SegmentRow {
  readonly bytes: number;
  readonly deadBytes: number;
}

/** Numbers of segments, shared by the writers so that no name is used twice. */
export interface SegmentNumbers {
  next: number;
}

/** Appends records to the segment of the day. One caller at a time. */
export class SegmentWriter {
  readonly #disk: Disk;
  readonly #layout: Layout;
  readonly #numbers: SegmentNumbers;
  #current: { readonly name: string; readonly day: string; readonly file: DiskFile; bytes: number } | undefined;
  constructor(options: { readonly disk: Disk; readonly layout: Layout; readonly numbers: SegmentNumbers }) {
    this.#disk = options.disk;
    this.#layout = options.layout;
    this.#numbers = options.numbers;
  }

  get currentName(): string | undefined {
    return this.#current?.name;
  }

  /** Writes and syncs the records, not yet the name of a new segment: `isNew` says that its folder must be synced. */
  async append(
    records: readonly Uint8Array[],
    day: string,
  ): Promise<{
    readonly name: string;
    readonly offsets: readonly number[];
    readonly bytes: number;
    readonly isNew: boolean;
  }> {
    let isNew = false;
    let current = this.#current;
    if (!current || current.day !== day || current.bytes >= LIMITS.segmentBytesMax.value) {
      current = await this.#begin(day);
      isNew = true;
    }
    const offsets: number[] = [];
    let end = current.bytes;
    for (const record of records) {
      offsets.push(end);
      end = Math.ceil((end + record.length) / SEGMENT_STEP) * SEGMENT_STEP;
    }
    const joined = new Uint8Array(end - current.bytes);
    for (const [at, record] of records.entries()) joined.set(record, (offsets[at] as number) - current.bytes);
    try {
      await current.file.write(joined, current.bytes);
      await current.file.sync();
    } catch (cause) {
      // After a failed sync nobody knows what of it is on the disk, so this segment gets no more.
      await this.close();
      throw cause;
    }
    current.bytes = end;
    return { name: current.name, offsets, bytes: end, isNew };
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.file.close().catch(() => undefined);
  }

  async #begin(day: string) {
    await this.close();
    const name = segmentName(day, this.#numbers.next++);
    const file = await this.#disk.open(this.#layout.segment(name), 'create');
    this.#current = { name, day, file, bytes: 0 };
    return this.#current;
  }
}

/** Day and number of a segment; undefined for another file. */
export function parseSegmentName(name: string): { readonly day: string; readonly number: number } | undefined {
  const match = /^(\d{4}-\d\d-\d\d)-(\d{8})$/.exec(name);
  return match ? { day: match[1] as string, number: Number(match[2]) } : undefined;
}

function segmentName(day: string, number: number): string {
  return `${day}-${String(number).padStart(8, '0')}`;
}

/** The operation that sets a segment's row. */
export function putSegment(name: string, row: SegmentRow): RecordOperation {
  return { put: KEYS.segment(name), value: encodeLocal(row) };
}

/** The row behind a segment's key. */
export function decodeSegment(bytes: Uint8Array): SegmentRow {
  return decodeLocal<SegmentRow>(bytes);
}

/** Bytes a record takes in a segment. */
export function spanInSegment(recordBytes: number): number {
  return Math.ceil(recordBytes / SEGMENT_STEP) * SEGMENT_STEP;
}
