import type { BuiltBlock } from '../../ports/pipeline.ts';
import { rootOfPiece } from '../../protocol/block-record.ts';
import { SHARED_BLOCK_BYTES } from '../../protocol/block-size.ts';
import { equalBytes } from '../../protocol/hash.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { LABELS } from '../../protocol/labels.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { commitMark } from '../../protocol/marks.ts';
import { pieceRoot } from '../../protocol/piece-tree.ts';
import { createLaneCache, type LaneCache } from './lane-cache.ts';
import type { LaneBlock, LanePiece, Lanes, LanesNeeds, Staged } from './lane-types.ts';

/** Opens the lanes; `load` before anything is staged. */
export function createLanes(needs: LanesNeeds): Lanes {
  const { health } = needs;
  const blocks = new Map<BlockId, Staged>();
  const lanes = new Map<number, Set<BlockId>>();
  const waiting: (() => void)[] = [];
  const owners = new WeakMap<LanePiece, Staged>();
  const acks = new Map<number, { blocks: Set<BlockId>; done: Promise<void> }>();
  let order = 0;
  let inMemory = 0;

  const cache: LaneCache = createLaneCache({
    disk: needs.disk,
    folder: needs.folder,
    mayDrop: (block) => isMarked(blocks.get(block)),
    dropped: (block, seat) => leave(blocks.get(block), seat),
    ...(needs.limitBytes === undefined ? {} : { limitBytes: needs.limitBytes }),
  });

  function isMarked(staged: Staged | undefined): boolean {
    return staged === undefined || staged.held >= commitMark(staged);
  }

  /** The piece of this seat is no longer in the lanes, delivered or not. */
  function leave(staged: Staged | undefined, seat: number): void {
    if (staged === undefined) return;
    staged.missing.delete(seat);
    lanes.get(seat)?.delete(staged.block);
    health.pieceMoving(seat, [staged.block], false);
    if (staged.missing.size === 0) forget(staged);
  }

  function forget(staged: Staged): void {
    blocks.delete(staged.block);
    releaseIdle(staged);
  }

  /** Buffers go back only when no request reads from them any more. */
  function releaseIdle(staged: Staged): void {
    const isWanted = blocks.get(staged.block) === staged && !isOnDisk(staged);
    if (staged.built === null || staged.inFlight.size > 0 || isWanted) return;
    staged.built.release();
    staged.built = null;
    inMemory -= 1;
    wake();
  }

  function isOnDisk(staged: Staged): boolean {
    return [...staged.missing].every((seat) => cache.has(staged.block, seat));
  }

  function wake(): void {
    for (const resume of waiting.splice(0)) resume();
  }

  function enter(
    shape: LaneBlock,
    options: { readonly built: BuiltBlock | null; readonly missing: readonly number[]; readonly isUnsure: boolean },
  ): Staged {
    const { block, k, n, size, pieceBytes, roots, seats } = shape;
    const missing = new Set(options.missing);
    const tried = new Set(options.isUnsure ? seats : []);
    const held = n - missing.size;
    order += 1;
    const staged: Staged = {
      ...{ block, k, n, size, pieceBytes, roots, seats, missing, tried, held, order },
      inFlight: new Set(),
      built: options.built,
      moving: null,
    };
    blocks.set(block, staged);
    for (const seat of missing) {
      lanes.set(seat, (lanes.get(seat) ?? new Set()).add(block));
      health.pieceMoving(seat, [block], true);
    }
    return staged;
  }

  /** Copies what is missing to the disk; then the memory is given back. Pieces that find no room there stay owed. */
  async function toDisk(staged: Staged): Promise<void> {
    for (const seat of [...staged.missing]) {
      const piece = staged.built?.pieces[staged.seats.indexOf(seat)];
      if (piece === undefined) return;
      const isKept = await cache.put({ block: staged.block, seat, bytes: piece });
      if (!staged.missing.has(seat)) await cache.remove(staged.block, seat);
      else if (!isKept && isMarked(staged)) leave(staged, seat);
      else if (!isKept) return;
    }
    releaseIdle(staged);
  }

  function move(staged: Staged): void {
    staged.moving ??= toDisk(staged)
      .catch(() => undefined)
      .finally(() => {
        staged.moving = null;
      });
  }

  function canReachMark(staged: Staged): boolean {
    const reachable = [...staged.missing].filter((seat) => needs.isReachable(seat)).length;
    return staged.held + reachable >= commitMark(staged);
  }

  function isFull(): boolean {
    return inMemory >= LIMITS.ringBlocksMax.value;
  }

  function review(): void {
    for (const staged of blocks.values()) {
      if (staged.built !== null && (isMarked(staged) || !canReachMark(staged))) move(staged);
    }
    wake();
  }

  async function room(signal: AbortSignal): Promise<void> {
    while (isFull()) {
      review();
      await new Promise<void>((resolve, reject) => {
        const stop = () => reject(signal.reason);
        signal.throwIfAborted();
        signal.addEventListener('abort', stop, { once: true });
        waiting.push(() => {
          signal.removeEventListener('abort', stop);
          resolve();
        });
      });
    }
  }

  async function count(seat: number, ids: ReadonlySet<BlockId>): Promise<void> {
    await health.pieceHeld(seat, [...ids]);
    for (const id of ids) {
      const staged = blocks.get(id);
      if (staged === undefined) continue;
      const wasMarked = isMarked(staged);
      staged.inFlight.delete(seat);
      if (staged.missing.has(seat)) staged.held += 1;
      leave(staged, seat);
      await cache.remove(id, seat);
      if (staged.missing.size === 0 && staged.held === staged.n) needs.onHeld(id, 'whole');
      else if (!wasMarked && isMarked(staged)) needs.onHeld(id, 'mark');
      if (staged.built !== null && isMarked(staged)) move(staged);
      releaseIdle(staged);
    }
    wake();
  }

  /** Acknowledgements that come while a write runs share the next one. */
  function acknowledge(seat: number, ids: readonly BlockId[]): Promise<void> {
    const open = acks.get(seat);
    if (open !== undefined) {
      for (const id of ids) open.blocks.add(id);
      return open.done;
    }
    const group = { blocks: new Set(ids), done: Promise.resolve() };
    acks.set(seat, group);
    group.done = Promise.resolve().then(async () => {
      acks.delete(seat);
      await count(seat, group.blocks);
    });
    return group.done;
  }

  function pieceOf(staged: Staged, seat: number): LanePiece {
    const index = staged.seats.indexOf(seat);
    const root = rootOfPiece(staged, index);
    return {
      block: staged.block,
      seat,
      root,
      length: staged.pieceBytes,
      isUnsure: staged.tried.has(seat),
      async bytes() {
        if (staged.built !== null) return staged.built.pieces[index];
        return cachedPiece(staged, { seat, root });
      },
    };
  }

  async function cachedPiece(
    staged: LaneBlock,
    { seat, root }: { readonly seat: number; readonly root: Uint8Array },
  ): Promise<Uint8Array | undefined> {
    const bytes = await cache.get(staged.block, seat);
    if (bytes === undefined) return undefined;
    if (bytes.length === staged.pieceBytes && equalBytes(pieceRoot(LABELS.piece, bytes), root)) return bytes;
    await cache.remove(staged.block, seat);
    return undefined;
  }

  /** What fills the ring first, small blocks of small versions before large ones; then what lies on the disk, weakest first. */
  function compare(a: Staged, b: Staged): number {
    if ((a.built === null) !== (b.built === null)) return a.built === null ? 1 : -1;
    const [smallA, smallB] = [a.size <= SHARED_BLOCK_BYTES, b.size <= SHARED_BLOCK_BYTES];
    if (smallA !== smallB) return smallA ? -1 : 1;
    return (a.built === null ? a.held - a.k - (b.held - b.k) : 0) || a.order - b.order;
  }

  return {
    async load(blockOf) {
      const found = Map.groupBy(await cache.load(), (row) => row.block);
      for (const [block, rows] of found) {
        const known = await blockOf(block);
        const wanted = rows.filter((row) => known?.owed.includes(row.seat) && row.length === known.shape.pieceBytes);
        for (const row of rows) if (!wanted.includes(row)) await cache.remove(block, row.seat);
        if (known === undefined || wanted.length === 0) continue;
        const staged = enter(known.shape, { built: null, missing: wanted.map((row) => row.seat), isUnsure: true });
        staged.held = known.shape.n - known.owed.length;
      }
    },
    async stage({ built, seats, held = [], isUnsure, signal }) {
      await room(signal);
      const { block, k, n, size, pieceBytes, roots } = built;
      const missing = seats.filter((seat) => !held.includes(seat));
      const before = blocks.get(block);
      if (before?.built) return built.release();
      if (before !== undefined) forget(before);
      inMemory += 1;
      const shape = { block, k, n, size, pieceBytes, roots, seats };
      const staged = enter(shape, { built, missing, isUnsure });
      if (missing.length === 0) forget(staged);
      else if (!canReachMark(staged) || isMarked(staged)) move(staged);
    },
    take(seat, most) {
      const free = [...(lanes.get(seat) ?? [])]
        .map((id) => blocks.get(id)!)
        .filter((staged) => !staged.inFlight.has(seat))
        .toSorted(compare);
      const taken: LanePiece[] = [];
      let bytes = 0;
      for (const staged of free) {
        if (taken.length >= most.pieces || (taken.length > 0 && bytes + staged.pieceBytes > most.bytes)) break;
        const piece = pieceOf(staged, seat);
        owners.set(piece, staged);
        taken.push(piece);
        staged.inFlight.add(seat);
        staged.tried.add(seat);
        bytes += staged.pieceBytes;
      }
      return taken;
    },
    acknowledge,
    giveBack(pieces) {
      for (const piece of pieces) {
        const { block, seat } = piece;
        const staged = owners.get(piece);
        if (staged === undefined || !staged.inFlight.delete(seat)) continue;
        // Neither in memory nor on the disk any more: it stays owed, and refill brings it.
        if (staged.built === null && !cache.has(block, seat)) leave(staged, seat);
        releaseIdle(staged);
      }
    },
    async drop(ids) {
      for (const id of ids) {
        const staged = blocks.get(id);
        if (staged === undefined) continue;
        const seats = [...staged.missing];
        for (const seat of seats) leave(staged, seat);
        for (const seat of seats) await cache.remove(id, seat);
      }
    },
    left: (seat) => [...(lanes.get(seat) ?? [])].filter((id) => !blocks.get(id)!.inFlight.has(seat)).length,
    seats: () => [...lanes].filter(([, ids]) => ids.size > 0).map(([seat]) => seat),
    review,
    async cached(block, seat) {
      const staged = blocks.get(block);
      if (staged === undefined || !staged.missing.has(seat)) return undefined;
      const bytes = await pieceOf(staged, seat).bytes();
      return bytes?.slice();
    },
    blocksInMemory: () => inMemory,
    isStuck: () => isFull() && [...blocks.values()].every((staged) => staged.built === null || !canReachMark(staged)),
    stagedBytes: () => cache.bytes(),
  };
}
