import type { BlockId } from '../protocol/ids.ts';
import type { ChunkCopy } from './catalogue.ts';

/** What tells an unchanged file: size, times in nanoseconds, inode. Equal in all means unread. */
export interface Fingerprint {
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
}

/** One entry of a scanned tree. `path` is bytes, relative to the root, `/` between names, empty for the root itself. */
export interface ScannedEntry extends Fingerprint {
  readonly path: Uint8Array;
  readonly kind: 'file' | 'folder' | 'link';
  /** Permission bits. */
  readonly mode: number;
  /** Target of a link, as it stands; never followed. */
  readonly target: Uint8Array | null;
  /** Same fingerprint as before, and not written to within 2 s of the scan. Always false for folders. */
  readonly unchanged: boolean;
}

/** A path that was left out, with `FILE_UNREADABLE`, `FILE_VANISHED` or `FILE_KIND_UNSUPPORTED`. Never fatal. */
export interface SkippedPath {
  readonly path: Uint8Array;
  readonly code: 'FILE_UNREADABLE' | 'FILE_VANISHED' | 'FILE_KIND_UNSUPPORTED';
  readonly message: string;
}

/** About 256 entries in depth-first order, names of a folder sorted as bytes, a folder before what is in it. */
export interface ScanBatch {
  readonly entries: readonly ScannedEntry[];
  readonly skipped: readonly SkippedPath[];
  /** Paths left out by `.bitdustignore`, counted. */
  readonly ignored: number;
}

/** What a file's content became. Chunks and holes together make the content; holes are zero runs left out. */
export interface StoredFile {
  /** Index in the list that was given. */
  readonly index: number;
  readonly chunks: readonly Uint8Array[];
  /** Plaintext length of each chunk. */
  readonly lengths: readonly number[];
  readonly holes: readonly (readonly [number, number])[];
  /** What was read, also when it changed meanwhile. */
  readonly fingerprint: Fingerprint;
  readonly changedWhileRead: boolean;
  /** Set when it could not be read; then there are no chunks. */
  readonly skipped: SkippedPath | null;
}

export type ChunkKind = 'data' | 'tree' | 'index';

/** A copy whose block is still open: `block` is null until the block is built. */
export interface OpenCopy extends Omit<ChunkCopy, 'block'> {
  readonly chunk: Uint8Array;
  readonly kind: ChunkKind;
  readonly block: null;
}

/** A stored copy together with its chunk id and kind. */
export interface StoredCopy extends ChunkCopy {
  readonly chunk: Uint8Array;
  readonly kind: ChunkKind;
}

/** Where a chunk of an intent came from: a range of a file, or (trees and index) the bytes themselves. */
export type ChunkSource =
  | { readonly path: Uint8Array; readonly offset: number; readonly length: number }
  | { readonly bytes: Uint8Array };

/**
 * What makes the same block again after a kill; plain data, to be stored with the local codec. It holds keys, so it
 * stays on this machine and is removed with the block's last missing piece.
 */
export interface BlockIntent {
  readonly block: BlockId;
  readonly k: number;
  readonly n: number;
  readonly size: number;
  /** n x 32 bytes. */
  readonly roots: Uint8Array;
  /** The sealed footer as it stands in the block. */
  readonly footer: Uint8Array;
  readonly chunks: readonly {
    readonly chunk: Uint8Array;
    readonly kind: ChunkKind;
    readonly offset: number;
    readonly length: number;
    readonly codec: 'none' | 'zstd';
    readonly key: Uint8Array;
    readonly hash: Uint8Array;
    readonly source: ChunkSource;
  }[];
}

/** A block with all its pieces in one buffer of the ring. `release` gives the buffer back, once, when no view is used any more. */
export interface BuiltBlock {
  readonly block: BlockId;
  readonly k: number;
  readonly n: number;
  readonly size: number;
  readonly pieceBytes: number;
  /** n x 32 bytes, in order of the pieces. */
  readonly roots: Uint8Array;
  /** n views. */
  readonly pieces: readonly Uint8Array[];
  readonly release: () => void;
}

/** A new block and all that must be durable before one of its pieces leaves. */
export interface NewBlock extends BuiltBlock {
  readonly copies: readonly StoredCopy[];
  readonly intent: BlockIntent;
}

/** The owner's secrets that the pipeline needs. */
export interface PipelineSecrets {
  /** 32 bytes: the gear table of the chunker. */
  readonly gear: Uint8Array;
  /** 32 bytes: the key of chunk ids. */
  readonly dedup: Uint8Array;
  /** The secret of this epoch, under which footers are sealed. */
  readonly footer: { readonly epoch: number; readonly secret: Uint8Array };
}

/** Counters of one writer; they only rise. */
export interface WriterProgress {
  readonly filesRead: number;
  readonly bytesRead: number;
  readonly bytesDeduplicated: number;
  /** Ciphertext put into blocks. */
  readonly bytesStored: number;
  readonly blocks: number;
}

/**
 * Turns files and objects into blocks. Calls are made one after the other; each waits for room in the ring, so a slow
 * receiver of blocks slows the reader down. After a rejection the writer is of no use but for `close`.
 */
export interface BlockWriter {
  /**
   * Reads, cuts, dedupes, encrypts. Files may be given in any number; about 256 or 8 MiB at a time keep the workers
   * busy. The answer has one row a file, in order; it does not mean that their blocks are built already.
   */
  addFiles(files: readonly ScannedEntry[]): Promise<readonly StoredFile[]>;
  /** An object of at most 4 MiB; gives its chunk id. Equal content is stored once. */
  addTree(bytes: Uint8Array): Promise<Uint8Array>;
  /**
   * Ends data and trees. Everything is built and handed over, or, when it is little, one block stays open for the index
   * and its copies are given here, to be written into the index object as "block 0".
   */
  closeTrees(): Promise<readonly OpenCopy[]>;
  /** Ends the writer with the index object (at most 4 MiB; null when nothing is new and nothing is open). Gives the copy of the index. */
  finish(index: Uint8Array | null): Promise<StoredCopy | null>;
  progress(): WriterProgress;
  /** Gives all buffers back; blocks handed over stay valid until their own release. */
  close(): void;
}

export interface WriterOptions {
  /** Folder or file on this machine that paths are relative to. */
  readonly root: string;
  readonly geometry: { readonly k: number; readonly n: number };
  readonly secrets: PipelineSecrets;
  /** Which of these chunk ids are stored already and may be used; one call per window. */
  readonly known: (chunks: readonly Uint8Array[]) => Promise<readonly boolean[]>;
  /** Takes a block over. While it is pending the writer goes on with at most two more blocks. */
  readonly onBlock: (block: NewBlock) => Promise<void>;
  readonly signal: AbortSignal;
}

/** One file, folder or link to be written by a restore. `path` is relative to the target, `/` between names. */
export interface OutputEntry {
  readonly path: Uint8Array;
  readonly kind: 'file' | 'folder' | 'link';
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly size: number;
  readonly target: Uint8Array | null;
}

/** A chunk in verified ciphertext, and every place its content belongs. */
export interface ChunkToPlace {
  readonly chunk: Uint8Array;
  readonly copy: Omit<ChunkCopy, 'block'>;
  /** Where the ciphertext begins in the bytes given with it. */
  readonly at: number;
  readonly places: readonly { readonly path: Uint8Array; readonly offset: number }[];
}

/** Writes a restored tree: aside first, then renamed. Paths that would leave the target, or lead through a link, are refused with `PATH_UNSAFE`. */
export interface RestoreTarget {
  /**
   * Makes folders, and the files aside under a name that stays the same for the task; files have their full size, all
   * holes. `existing` tells those that a former run of the task had made.
   */
  prepare(entries: readonly OutputEntry[]): Promise<{ readonly existing: number }>;
  /**
   * Verifies, opens and writes chunks. Rejects with `CHUNK_ROTTEN` (details: chunk) when one does not open; the others are
   * placed. The buffer behind `bytes` is transferred away when it covers it whole.
   */
  place(options: { readonly bytes: Uint8Array; readonly chunks: readonly ChunkToPlace[] }): Promise<void>;
  /** Sets mode and mtime (to a quarter of a microsecond, as exactly as the platform lets us), renames. Rejects with `RESTORE_EXISTS` unless `force`. */
  finishFiles(entries: readonly OutputEntry[]): Promise<void>;
  /** Links, then modes and mtimes of folders, the deepest first; the last step. */
  finishTree(entries: readonly OutputEntry[]): Promise<void>;
  /** Removes what lies aside. */
  abandon(): Promise<void>;
}

/** One file's content as a chunk list, for `openChunks`. */
export interface ChunkToOpen {
  readonly chunk: Uint8Array;
  readonly copy: Omit<ChunkCopy, 'block'>;
  readonly at: number;
}

/** All work on bulk bytes: it runs in workers and never blocks the node. */
export interface Pipeline {
  /** Walks a folder (or one file). Unreadable things are named, never fatal; a root that cannot be read rejects with `SOURCE_UNREADABLE`. */
  scan(options: {
    readonly root: string;
    /** Fingerprints of the last version by path, one call per batch of files. */
    readonly previous?: (paths: readonly Uint8Array[]) => Promise<readonly (Fingerprint | undefined)[]>;
    /** Wall-clock ms, for the rule of 2 s. */
    readonly now: number;
    readonly signal: AbortSignal;
  }): AsyncIterable<ScanBatch>;
  writer(options: WriterOptions): BlockWriter;
  /** The same block again from its sources; `changed` names the chunks whose source differs now. */
  remake(options: {
    readonly root: string;
    readonly intent: BlockIntent;
    readonly signal: AbortSignal;
  }): Promise<{ readonly block: BuiltBlock } | { readonly changed: readonly Uint8Array[] }>;
  /** All pieces again from the whole block's bytes (k data pieces one after the other); `BLOCK_ROTTEN` when a root differs. */
  rebuildFromBlock(options: {
    readonly shape: BlockShape;
    readonly bytes: Uint8Array;
    readonly signal: AbortSignal;
  }): Promise<BuiltBlock>;

  /** Verifies pieces by their roots; gives the indices of bad ones. */
  verifyPieces(options: {
    readonly shape: BlockShape;
    readonly pieces: ReadonlyMap<number, Uint8Array>;
    readonly signal: AbortSignal;
    readonly background?: boolean;
  }): Promise<readonly number[]>;
  /** The block's bytes from any k pieces that were verified before; `TOO_FEW_PIECES` with less. */
  decode(options: {
    readonly shape: BlockShape;
    readonly pieces: ReadonlyMap<number, Uint8Array>;
    readonly signal: AbortSignal;
  }): Promise<{ readonly bytes: Uint8Array; readonly decoded: boolean; readonly release: () => void }>;
  /** Computes missing pieces from any k and proves them by the roots; `BLOCK_ROTTEN` (details: bad) when they do not hold. Nothing is decrypted. */
  recompute(options: {
    readonly shape: BlockShape;
    readonly pieces: ReadonlyMap<number, Uint8Array>;
    readonly want: readonly number[];
    readonly signal: AbortSignal;
    readonly background?: boolean;
  }): Promise<{ readonly pieces: ReadonlyMap<number, Uint8Array>; readonly release: () => void }>;

  /** Opens chunks; one answer each, in order. Rejects with `CHUNK_ROTTEN` (details: chunk). */
  openChunks(options: {
    readonly bytes: Uint8Array;
    readonly chunks: readonly ChunkToOpen[];
    readonly signal: AbortSignal;
  }): Promise<readonly Uint8Array[]>;
  /** What a block's own footer says; `FOOTER_UNREADABLE` when it is not there or does not open. */
  readFooter(options: {
    readonly block: BlockId;
    readonly bytes: Uint8Array;
    readonly secrets: ReadonlyMap<number, Uint8Array>;
    readonly signal: AbortSignal;
  }): Promise<readonly StoredCopy[]>;
  target(options: {
    readonly folder: string;
    readonly task: string;
    readonly force: boolean;
    readonly signal: AbortSignal;
  }): RestoreTarget;
  /** Bytes of the budget in use and in all. */
  memory(): { readonly usedBytes: number; readonly limitBytes: number };
  /** Takes a share of the byte budget before bytes are asked for elsewhere; resolves when there is room. */
  takeBudget(bytes: number, signal: AbortSignal): Promise<() => void>;
}

/** What a block record says of a block. */
export interface BlockShape {
  readonly block: BlockId;
  readonly k: number;
  readonly n: number;
  readonly size: number;
  readonly roots: Uint8Array;
}
