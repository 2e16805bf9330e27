import type { RecordOperation, Records } from '../../ports/records.ts';

/** Changes that are seen by whoever writes them, and become durable together. */
export class Overlay {
  readonly #records: Records;
  readonly #known = new Map<string, Uint8Array | undefined>();
  readonly #changed = new Map<string, Uint8Array | undefined>();
  #bytes = 0;

  constructor(records: Records) {
    this.#records = records;
  }

  /** Bytes that wait to be written. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  /** Looks at many keys in one call, so that `get` finds them here. */
  async load(keys: readonly string[]): Promise<void> {
    const missing = keys.filter((key) => !this.#changed.has(key) && !this.#known.has(key));
    if (missing.length === 0) return;
    const values = await this.#records.getMany(missing);
    missing.forEach((key, i) => {
      this.#known.set(key, values[i]);
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    if (this.#changed.has(key)) return this.#changed.get(key);
    if (!this.#known.has(key)) await this.load([key]);
    return this.#known.get(key);
  }

  put(key: string, value: Uint8Array): void {
    this.#bytes += value.length;
    this.#changed.set(key, value);
  }

  remove(key: string): void {
    this.#changed.set(key, undefined);
  }

  /** Writes everything in one durable batch and starts empty. */
  async flush(): Promise<void> {
    const operations: RecordOperation[] = [...this.#changed].map(([key, value]) =>
      value === undefined ? { remove: key } : { put: key, value },
    );
    if (operations.length > 0) await this.#records.batch(operations, { durable: true });
    this.#changed.clear();
    this.#known.clear();
    this.#bytes = 0;
  }
}
