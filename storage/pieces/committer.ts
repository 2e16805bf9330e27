import { basename, dirname } from 'node:path';
import type { Disk } from '../../ports/disk.ts';
import type { Clock } from '../../ports/world.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Reservation } from './accounts.ts';
import type { CrashPoint } from './crash-points.ts';
import { indexPieces } from './index-pieces.ts';
import { dayOf, type Layout, type Place } from './layout.ts';
import type { PieceIndex } from './piece-index.ts';
import { dropFile, type Received } from './receive.ts';
import type { SegmentWriter } from './segments.ts';
import type { Volume } from './volume.ts';

/** A received piece on its way to being acknowledged. */
export interface Arriving {
  readonly received: Received;
  readonly reservation: Reservation;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

export interface CommitterOptions {
  readonly disk: Disk;
  readonly layout: Layout;
  readonly clock: Clock;
  readonly index: PieceIndex;
  readonly volume: Volume;
  readonly segments: SegmentWriter;
  readonly crashPoint: (name: CrashPoint) => void | Promise<void>;
  readonly sweep: () => Promise<void>;
  /** Uploads running now, waiting ones included; when all of them wait, nobody else is waited for. */
  readonly uploading: () => number;
}

/** Makes pieces durable in groups, in the order data, rename, folder, index, acknowledgement. */
export class Committer {
  readonly #options: CommitterOptions;
  #waiting: Arriving[] = [];
  #flushing: Promise<void> | undefined;
  #timer: unknown;
  #knownFolders = new Set<string>();

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  submit(received: Received, reservation: Reservation): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ received, reservation, resolve, reject });
      this.consider();
    });
  }

  /** Starts a group when it is full or when nobody can join it, else after a short wait. */
  consider(): void {
    if (this.#flushing || this.#waiting.length === 0) return;
    const complete = this.#waiting.length >= Math.min(LIMITS.acknowledgeTogetherMax.value, this.#options.uploading());
    if (complete) this.#begin();
    else this.#timer ??= this.#options.clock.setTimeout(() => this.#begin(), LIMITS.acknowledgeGatherMs.value);
  }

  async idle(): Promise<void> {
    while (this.#flushing) await this.#flushing;
  }

  #begin(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#flushing || this.#waiting.length === 0) return;
    const group = this.#waiting.splice(0, LIMITS.acknowledgeTogetherMax.value);
    this.#flushing = this.#flush(group).finally(() => {
      this.#flushing = undefined;
      this.consider();
    });
  }

  async #flush(group: readonly Arriving[]): Promise<void> {
    const { clock, volume, crashPoint } = this.#options;
    const left = new Map<Arriving, Place>();
    const grown = new Map<string, number>();
    const failed = new Map<Arriving, Place>();
    const fail = (arriving: Arriving, cause: unknown) => {
      volume.note(cause);
      if (isBitDustError(cause, 'FILE_NOT_FOUND')) this.#knownFolders.clear();
      const place = left.get(arriving);
      if (place) failed.set(arriving, place);
      left.delete(arriving);
      arriving.reject(cause);
    };
    const at = clock.now();
    try {
      await volume.requireThere();
      await this.#writeData({ group, day: dayOf(at), left, grown, fail });
      await crashPoint('piece.synced');
      await this.#putInPlace({ left, fail });
      await crashPoint('piece.renamed');
      await this.#syncFolders({ left, fail });
      await crashPoint('piece.named');
      const freed = await indexPieces({ ...this.#options, arrived: left, grown, at, fail });
      await crashPoint('piece.indexed');
      for (const { resolve } of left.keys()) resolve();
      // Nobody waits for this: what a new piece took the place of is known to be garbage.
      if (freed) await this.#options.sweep().catch((cause: unknown) => volume.note(cause));
    } catch (cause) {
      // Whatever is left was not acknowledged; an already settled promise ignores this.
      for (const arriving of group) fail(arriving, cause);
      await this.#options.segments.close();
    }
    await this.#dropUnindexed(failed);
  }

  /** Files whose pieces were refused late would lie there unknown until the next start. */
  async #dropUnindexed(failed: ReadonlyMap<Arriving, Place>): Promise<void> {
    const { disk, layout, index } = this.#options;
    for (const [{ received }, place] of failed) {
      if (!('file' in place)) continue;
      try {
        await index.inTurn(async () => {
          const row = await index.row(received.offer);
          const isPointedAt = row && 'file' in row.place && row.place.file === place.file;
          if (!isPointedAt) await disk.remove(layout.absolute(place.file));
        });
      } catch {
        // The disk or the index fails: the next start looks again.
        return;
      }
    }
  }

  /** Bytes first: files in parallel, all small pieces in one append. */
  async #writeData(options: DataStep & { readonly group: readonly Arriving[] }): Promise<void> {
    const { group, day, left, fail } = options;
    const { layout } = this.#options;
    const small: { readonly arriving: Arriving; readonly record: Uint8Array }[] = [];
    const files = group.flatMap((arriving) => {
      const { received } = arriving;
      if ('record' in received) {
        small.push({ arriving, record: received.record });
        return [];
      }
      return [
        this.#settle({ arriving, fail }, async () => {
          await received.file.sync();
          left.set(arriving, { file: layout.filed(day, basename(received.path)) });
        }),
      ];
    });
    await Promise.all([...files, this.#appendSmall({ ...options, small })]);
  }

  async #appendSmall(options: DataStep & { readonly small: readonly Small[] }): Promise<void> {
    const { small, day, left, grown, fail } = options;
    const { segments, disk, layout } = this.#options;
    if (small.length === 0) return;
    try {
      const records = small.map(({ record }) => record);
      const { name, offsets, bytes, isNew } = await segments.append(records, day);
      if (isNew) await disk.syncFolder(layout.segments);
      grown.set(name, bytes);
      for (const [at, { arriving }] of small.entries()) {
        left.set(arriving, { segment: name, at: offsets[at] as number });
      }
    } catch (cause) {
      await segments.close();
      for (const { arriving } of small) fail(arriving, cause);
    }
  }

  async #putInPlace({ left, fail }: GroupStep): Promise<void> {
    const { disk, layout } = this.#options;
    await Promise.all(
      [...left].map(async ([arriving, place]) => {
        const { received } = arriving;
        if ('record' in received || !('file' in place)) return;
        await this.#settle({ arriving, fail }, async () => {
          const path = layout.absolute(place.file);
          if (!this.#knownFolders.has(dirname(path))) await disk.makeFolder(dirname(path));
          await disk.rename(received.path, path);
          await received.file.close();
        });
      }),
    );
  }

  /** One sync for each folder that got a name; the folders above it too, when it may be new itself. */
  async #syncFolders({ left, fail }: GroupStep): Promise<void> {
    const { disk, layout } = this.#options;
    const members = new Map<string, Arriving[]>();
    for (const [arriving, place] of left) {
      if (!('file' in place)) continue;
      const bucket = dirname(layout.absolute(place.file));
      const known = this.#knownFolders.has(bucket);
      const touched = known ? [bucket] : [bucket, dirname(bucket), layout.pieces];
      for (const folder of touched) members.set(folder, [...(members.get(folder) ?? []), arriving]);
    }
    await Promise.all(
      [...members].map(async ([folder, arrivals]) => {
        try {
          await disk.syncFolder(folder);
        } catch (cause) {
          for (const arriving of arrivals) fail(arriving, cause);
        }
      }),
    );
    if (this.#knownFolders.size > 1024) this.#knownFolders.clear();
    for (const place of left.values()) {
      if ('file' in place) this.#knownFolders.add(dirname(layout.absolute(place.file)));
    }
  }

  async #settle(
    { arriving, fail }: { readonly arriving: Arriving; readonly fail: GroupStep['fail'] },
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      await work();
    } catch (cause) {
      if ('file' in arriving.received) await dropFile(this.#options.disk, arriving.received);
      fail(arriving, cause);
    }
  }
}

interface Small {
  readonly arriving: Arriving;
  readonly record: Uint8Array;
}

interface DataStep extends GroupStep {
  readonly day: string;
  /** New length of the segments that were appended to. */
  readonly grown: Map<string, number>;
}

interface GroupStep {
  readonly left: Map<Arriving, Place>;
  readonly fail: (arriving: Arriving, cause: unknown) => void;
}
