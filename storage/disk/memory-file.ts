const SECTOR_BYTES = 512;

interface Pending {
  readonly position: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly sizeBefore: number;
  readonly sizeAfter: number;
}

/** One file of the memory disk: its present bytes, and what has to be undone or may be torn when the power is cut. */
export class MemoryFile {
  links = 0;
  mode: number;
  mtimeMs = 0;
  #bytes = new Uint8Array(0);
  #size = 0;
  #pending: Pending[] = [];
  /** After a failed sync nothing of this file ever becomes durable, as pages marked clean are not written again. */
  #poisoned = false;

  constructor(mode: number) {
    this.mode = mode;
  }

  get size(): number {
    return this.#size;
  }

  /** A copy of all bytes. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  read(buffer: Uint8Array, position: number): number {
    const length = Math.max(0, Math.min(buffer.length, this.#size - position));
    if (length > 0) buffer.set(this.#bytes.subarray(position, position + length));
    return length;
  }

  write(data: Uint8Array, position: number): void {
    const sizeBefore = this.#size;
    const before = this.#bytes.slice(position, Math.min(position + data.length, sizeBefore));
    this.#resize(Math.max(sizeBefore, position + data.length));
    this.#bytes.set(data, position);
    this.#pending.push({ position, before, after: data.slice(), sizeBefore, sizeAfter: this.#size });
  }

  truncate(size: number): void {
    const sizeBefore = this.#size;
    const before = this.#bytes.slice(Math.min(size, sizeBefore), sizeBefore);
    this.#resize(size);
    this.#pending.push({
      position: Math.min(size, sizeBefore),
      before,
      after: new Uint8Array(0),
      sizeBefore,
      sizeAfter: size,
    });
  }

  sync(): void {
    if (!this.#poisoned) this.#pending = [];
  }

  failSync(): void {
    this.#poisoned = true;
  }

  /** Replaces the bytes behind everybody's back, durably: decay, not a write. */
  rot(bytes: Uint8Array): void {
    this.#bytes = bytes.slice();
    this.#size = bytes.length;
    this.#pending = [];
  }

  /** Each unsynced write is kept, lost or kept in part, whatever became of the others. */
  powerCut(fraction: () => number): void {
    const pending = this.#pending;
    for (const write of pending.toReversed()) {
      this.#resize(write.sizeBefore);
      this.#bytes.set(write.before, write.position);
    }
    for (const write of pending) this.#replay(write, fraction);
    this.#pending = [];
    this.#poisoned = false;
  }

  #replay(write: Pending, fraction: () => number): void {
    const fate = fraction();
    if (fate < 0.4) return;
    if (write.after.length === 0) {
      this.#resize(write.sizeAfter);
      return;
    }
    this.#resize(Math.max(this.#size, write.position + write.after.length));
    if (fate < 0.7) {
      this.#bytes.set(write.after, write.position);
      return;
    }
    // The size has reached the disk, but only some of the sectors; the others read as zeros or old bytes.
    for (let start = 0; start < write.after.length; start += SECTOR_BYTES) {
      if (fraction() < 0.5) this.#bytes.set(write.after.subarray(start, start + SECTOR_BYTES), write.position + start);
    }
  }

  #resize(size: number): void {
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = grown;
    }
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    this.#size = size;
  }
}
