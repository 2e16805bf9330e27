/** A mutable record: signed by its key, highest sequence wins. Value at most 1,000 bytes. */
export interface DirectoryRecord {
  readonly publicKey: Uint8Array;
  readonly sequence: number;
  readonly value: Uint8Array;
  /** 64 bytes over sequence and value in the directory's own form; may be put again by anybody. */
  readonly signature: Uint8Array;
}

export type DirectoryState = 'alone' | 'joining' | 'joined' | 'thin';

/** The distributed table of signed records (hyperdht) or its memory twin; both pass one suite. Calls reject with `DIRECTORY_UNREACHABLE` when nobody answers. */
export interface Directory {
  /** Joins by the bootstrap nodes, or founds when there are none. Gives the pinned network id, learnt when it was null; `NETWORK_ID_DIFFERS`. */
  join(signal: AbortSignal): Promise<{ readonly networkId: Uint8Array; readonly neighbours: number }>;
  health(): Promise<{ readonly neighbours: number; readonly known: number }>;
  /** `host:port` under which others can bootstrap from us. */
  address(): string | null;
  /** Signs without storing. `sign` gets the directory's own message form. */
  makeRecord(options: {
    readonly publicKey: Uint8Array;
    readonly sign: (message: Uint8Array) => Uint8Array;
    readonly sequence: number;
    readonly value: Uint8Array;
  }): DirectoryRecord;
  put(record: DirectoryRecord, signal: AbortSignal): Promise<void>;
  /** Highest valid sequence of the whole look-up, with the count of holders that gave it. */
  get(
    publicKey: Uint8Array,
    signal: AbortSignal,
  ): Promise<{ readonly record: DirectoryRecord; readonly holders: number } | undefined>;
  /** "Ask this device" under a 32-byte target; expires after 12 h. */
  announce(options: {
    readonly target: Uint8Array;
    readonly publicKey: Uint8Array;
    readonly sign: (message: Uint8Array) => Uint8Array;
    readonly signal: AbortSignal;
  }): Promise<void>;
  unannounce(options: {
    readonly target: Uint8Array;
    readonly publicKey: Uint8Array;
    readonly sign: (message: Uint8Array) => Uint8Array;
    readonly signal: AbortSignal;
  }): Promise<void>;
  /** Public keys announced under the target; `flooded` when the answer was cut. */
  lookUp(
    target: Uint8Array,
    signal: AbortSignal,
  ): Promise<{ readonly keys: readonly Uint8Array[]; readonly flooded: boolean }>;
  /** What the median of the neighbours' clocks is ahead of ours, ms; null until known. */
  clockOffsetMs(): number | null;
  leave(): Promise<void>;
}
