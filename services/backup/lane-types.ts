import type { Disk } from '../../ports/disk.ts';
import type { Health } from '../../ports/health.ts';
import type { BuiltBlock } from '../../ports/pipeline.ts';
import type { BlockId } from '../../protocol/ids.ts';

/** A piece on its way to a seat. */
export interface LanePiece {
  readonly block: BlockId;
  readonly seat: number;
  readonly root: Uint8Array;
  readonly length: number;
  /** It was sent before, or by an earlier run: the supplier may have it. */
  readonly isUnsure: boolean;
  /** Undefined when the copy on the disk is gone or damaged. */
  bytes(): Promise<Uint8Array | undefined>;
}

/** What a block looks like to the lanes; also of one whose bytes lie on the disk only. */
export interface LaneBlock {
  readonly block: BlockId;
  readonly k: number;
  readonly n: number;
  readonly size: number;
  readonly pieceBytes: number;
  readonly roots: Uint8Array;
  /** Seat of each piece, by index. */
  readonly seats: readonly number[];
}

export interface LanesNeeds {
  readonly health: Pick<Health, 'pieceHeld' | 'pieceMoving'>;
  readonly disk: Disk;
  readonly folder: string;
  /** The supplier of the seat can be reached now. */
  readonly isReachable: (seat: number) => boolean;
  /** A block has its commit mark, or all its pieces. */
  readonly onHeld: (block: BlockId, reached: 'mark' | 'whole') => void;
  readonly limitBytes?: number;
}

/** Pieces by seat between the coder and the senders: in memory up to the commit mark, then on the disk. */
export interface Lanes {
  /** Loads what lies on the disk; `blockOf` tells of blocks whose pieces are still owed. */
  load(
    blockOf: (block: BlockId) => Promise<{ readonly shape: LaneBlock; readonly owed: readonly number[] } | undefined>,
  ): Promise<void>;
  /** Takes a block over once the ring has room. `held` are seats that have their piece already. */
  stage(options: {
    readonly built: BuiltBlock;
    readonly seats: readonly number[];
    readonly held?: readonly number[];
    readonly isUnsure: boolean;
    readonly signal: AbortSignal;
  }): Promise<void>;
  /** Pieces for a seat, not given out again until acknowledged or given back. */
  take(seat: number, most: { readonly pieces: number; readonly bytes: number }): readonly LanePiece[];
  /** The supplier has them durably: written into the health table, then counted. */
  acknowledge(seat: number, blocks: readonly BlockId[]): Promise<void>;
  giveBack(pieces: readonly LanePiece[]): void;
  /** The pieces of this block are no longer wanted by anybody. */
  drop(blocks: readonly BlockId[]): Promise<void>;
  left(seat: number): number;
  /** Seats with work. */
  seats(): readonly number[];
  /** Looks again whether blocks must go to the disk, because suppliers went or came. */
  review(): void;
  cached(block: BlockId, seat: number): Promise<Uint8Array | undefined>;
  blocksInMemory(): number;
  /** The ring is full and what fills it waits for suppliers that are not there. */
  isStuck(): boolean;
  stagedBytes(): number;
}

/** A block in the lanes. */
export interface Staged extends LaneBlock {
  readonly order: number;
  /** Seats without an acknowledgement, whose bytes are here. */
  readonly missing: Set<number>;
  readonly inFlight: Set<number>;
  /** Seats sent to before. */
  readonly tried: Set<number>;
  held: number;
  built: BuiltBlock | null;
  moving: Promise<void> | null;
}
