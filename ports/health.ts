import type { BlockId } from '../protocol/ids.ts';

export type Safety = 'empty' | 'safe' | 'enough' | 'endangered' | 'unreadable' | 'unknown';

/** State of one piece by its seat. `owed` was never delivered; `moving` lies in a lane that makes progress. */
export type PieceState = 'held' | 'away' | 'lost' | 'owed' | 'moving';

export interface BlockHealth {
  readonly block: BlockId;
  readonly k: number;
  readonly n: number;
  readonly size: number;
  readonly held: number;
  readonly away: number;
  readonly lost: number;
  readonly safety: Safety;
  readonly pieces: readonly { readonly seat: number; readonly state: PieceState; readonly since: number }[];
}

/**
 * Which piece of which block is held, away, lost or owed. Kept as counts per class; durable facts are written here before
 * they are announced. Health is known after `recount`, until then the safety is `unknown`.
 */
export interface Health {
  /** A new block: all its pieces are owed until acknowledged. Durable on return. */
  addBlock(block: {
    readonly block: BlockId;
    readonly k: number;
    readonly n: number;
    readonly size: number;
    readonly seats: readonly number[];
  }): Promise<void>;
  removeBlocks(blocks: readonly BlockId[]): Promise<void>;
  /** Acknowledged durable by the seat's supplier. */
  pieceHeld(seat: number, blocks: readonly BlockId[]): Promise<void>;
  /** Denied, confessed, proven missing or corrupt. */
  pieceLost(seat: number, blocks: readonly BlockId[]): Promise<void>;
  pieceMoving(seat: number, blocks: readonly BlockId[], moving: boolean): void;
  /** The supplier of the seat is past his grace, or back and proven. */
  seatAway(seat: number, away: boolean): Promise<void>;
  /**
   * The seat has a new device: all its pieces are lost; or, while the former one still gives them, owed to the new one and
   * readable.
   */
  seatReplaced(seat: number, former?: 'serves' | 'gone'): Promise<void>;
  /** The former holder of the seat gives its owed pieces, or does not any more. */
  seatFormer(seat: number, serves: boolean): Promise<void>;
  block(block: BlockId): Promise<BlockHealth | undefined>;
  summary(): {
    readonly known: boolean;
    readonly safety: Safety;
    readonly blocks: {
      readonly total: number;
      readonly safe: number;
      readonly enough: number;
      readonly endangered: number;
      readonly unreadable: number;
    };
    readonly histogram: readonly {
      readonly k: number;
      readonly n: number;
      readonly held: number;
      readonly blocks: number;
    }[];
    readonly weakest: {
      readonly block: BlockId;
      readonly k: number;
      readonly n: number;
      readonly held: number;
      readonly away: number;
    } | null;
    readonly storedBytes: number;
  };
  /** Worst safety of these blocks. */
  safetyOf(blocks: readonly BlockId[]): Promise<Safety>;
  /** Blocks with pieces lost or owed (refill) or few held (rescue), weakest first. */
  weakest(queue: 'rescue' | 'refill', count: number): Promise<readonly BlockHealth[]>;
  /** Blocks whose piece at the seat is in that state, in order of id. */
  blocksOfSeat(seat: number, state: PieceState, after?: BlockId): AsyncIterable<BlockId>;
  pieceCounts(seat: number): {
    readonly wanted: number;
    readonly held: number;
    readonly moving: number;
    readonly lost: number;
  };
  recount(): Promise<{ readonly differences: number }>;
}
