import type { Disk } from '../../ports/disk.ts';
import type { PieceStoreHealth } from '../../ports/pieces.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import { textBytes } from '../../protocol/hash.ts';
import type { Layout } from './layout.ts';

const MARKER_HEAD = 'bitdust piece store 1';
/** Room that must be free again before new pieces are taken. */
const ROOM_BYTES = 32 * 1024 * 1024;
const SEEN_MS = 1000;

/** The volume a store lies on: whether it is there, the right one, writable, and has room. */
export class Volume {
  health: PieceStoreHealth = 'ready';
  /** Known once the store is open. */
  storeId = '';
  readonly #disk: Disk;
  readonly #layout: Layout;
  readonly #monotonic: () => number;
  #seenAt = Number.NEGATIVE_INFINITY;

  constructor(options: { readonly disk: Disk; readonly layout: Layout; readonly monotonic: () => number }) {
    this.#disk = options.disk;
    this.#layout = options.layout;
    this.#monotonic = options.monotonic;
  }

  /** As `requireThere`, looking at the disk only once a second. */
  async requireThereLately(): Promise<void> {
    if (this.health === 'unavailable' || this.#monotonic() - this.#seenAt >= SEEN_MS) await this.requireThere();
  }

  /** Refuses everything when the marker is not ours: an unmounted folder has nothing, but nothing is lost. */
  async requireThere(): Promise<void> {
    const found = await readMarker(this.#disk, this.#layout).catch((cause: unknown) => {
      this.note(cause);
      throw cause;
    });
    if (found === this.storeId) {
      this.#seenAt = this.#monotonic();
      if (this.health === 'unavailable') this.health = 'ready';
      return;
    }
    this.health = 'unavailable';
    throw new BitDustError('DISK_GONE', undefined, { details: { folder: this.#layout.folder, found: found ?? null } });
  }

  requireRoom(): void {
    if (this.health === 'full') throw new BitDustError('DISK_FULL');
    if (this.health === 'read-only') throw new BitDustError('DISK_FAILED', 'The disk is read-only.');
  }

  /** Runs file work; a missing file on a missing volume is `DISK_GONE`, never "not found". */
  async guard<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (cause) {
      this.note(cause);
      if (isBitDustError(cause, 'FILE_NOT_FOUND') || isBitDustError(cause, 'DISK_FAILED')) await this.requireThere();
      throw cause;
    }
  }

  note(cause: unknown): void {
    if (isBitDustError(cause, 'DISK_FULL')) this.health = 'full';
    if (isBitDustError(cause, 'DISK_GONE')) this.health = 'unavailable';
    if (isBitDustError(cause, 'DISK_FAILED') && cause.details['system'] === 'EROFS') this.health = 'read-only';
  }

  async probe(): Promise<PieceStoreHealth> {
    try {
      await this.requireThere();
    } catch {
      return this.health === 'unavailable' ? this.health : 'read-only';
    }
    try {
      if ((await this.#disk.freeBytes(this.#layout.folder)) < ROOM_BYTES) {
        this.health = 'full';
        return this.health;
      }
      const path = `${this.#layout.incoming}/probe`;
      const file = await this.#disk.open(path, 'append');
      await file.write(Uint8Array.of(1), 0).finally(() => file.close());
      await this.#disk.remove(path);
      this.health = 'ready';
    } catch (cause) {
      this.health = 'read-only';
      this.note(cause);
    }
    return this.health;
  }
}

/** The store id in the marker, or undefined where there is none. */
export async function readMarker(disk: Disk, layout: Layout): Promise<string | undefined> {
  try {
    const [head, storeId] = new TextDecoder().decode(await disk.readFile(layout.marker)).split('\n');
    return head === MARKER_HEAD ? storeId : undefined;
  } catch (cause) {
    if (isBitDustError(cause, 'FILE_NOT_FOUND')) return undefined;
    throw cause;
  }
}

/** Makes the folders of a new store, the marker last. */
export async function writeMarker(disk: Disk, layout: Layout, storeId: string): Promise<void> {
  for (const folder of [layout.folder, layout.incoming, layout.pieces, layout.segments, layout.contracts]) {
    await disk.makeFolder(folder);
  }
  await disk.replaceFile(layout.marker, textBytes(`${MARKER_HEAD}\n${storeId}\n`));
}
