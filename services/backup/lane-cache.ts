import type { Disk } from '../../ports/disk.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { inOrder } from '../kit/in-order.ts';

/** Pieces that wait on the local disk for their seat. */
export interface LaneCache {
  /** Reads what an earlier run left behind. */
  load(): Promise<readonly { readonly block: BlockId; readonly seat: number; readonly length: number }[]>;
  /** False when it does not fit even after the oldest pieces that may go went out. */
  put(piece: { readonly block: BlockId; readonly seat: number; readonly bytes: Uint8Array }): Promise<boolean>;
  get(block: BlockId, seat: number): Promise<Uint8Array | undefined>;
  remove(block: BlockId, seat: number): Promise<void>;
  has(block: BlockId, seat: number): boolean;
  bytes(): number;
}

interface Row {
  readonly block: BlockId;
  readonly seat: number;
  readonly length: number;
}

const NAME = /^([0-9a-f]{64})-([0-9]{1,3})$/;
const nameOf = (block: BlockId, seat: number): string => `${block}-${seat}`;

/** A folder of at most 1 GiB; `dropped` hears of pieces that went out for newer ones. It is a cache: nothing is synced, and what is read is checked by its root. */
export function createLaneCache(needs: {
  readonly disk: Disk;
  readonly folder: string;
  /** May this piece go out: its block is stored without it. */
  readonly mayDrop: (block: BlockId) => boolean;
  readonly dropped: (block: BlockId, seat: number) => void;
  readonly limitBytes?: number;
}): LaneCache {
  const { disk, folder, limitBytes = LIMITS.laneCacheBytesMax.value } = needs;
  const rows = new Map<string, Row>();
  const oneByOne = inOrder();
  let total = 0;

  const pathOf = (name: string): string => `${folder}/${name}`;

  async function removeNow(name: string): Promise<void> {
    const row = rows.get(name);
    if (row === undefined) return;
    rows.delete(name);
    total -= row.length;
    await disk.remove(pathOf(name));
  }

  async function makeRoom(bytes: number): Promise<boolean> {
    for (const [name, row] of [...rows]) {
      if (total + bytes <= limitBytes) break;
      if (!needs.mayDrop(row.block)) continue;
      await removeNow(name);
      needs.dropped(row.block, row.seat);
    }
    return total + bytes <= limitBytes;
  }

  async function write(name: string, bytes: Uint8Array): Promise<void> {
    await disk.remove(pathOf(name));
    const file = await disk.open(pathOf(name), 'create', 0o600);
    try {
      await file.write(bytes, 0);
    } finally {
      await file.close();
    }
  }

  return {
    async load() {
      await disk.makeFolder(folder, 0o700);
      for (const { name, kind } of await disk.list(folder)) {
        const [, block, seat] = NAME.exec(name) ?? [];
        const length = (await disk.stat(pathOf(name)))?.size ?? 0;
        if (kind !== 'file' || block === undefined) continue;
        rows.set(name, { block, seat: Number(seat), length });
        total += length;
      }
      return [...rows.values()];
    },
    put: ({ block, seat, bytes }) =>
      oneByOne(async () => {
        const name = nameOf(block, seat);
        if (rows.has(name)) return true;
        if (!(await makeRoom(bytes.length))) return false;
        try {
          await write(name, bytes);
        } catch (error) {
          if (isBitDustError(error, 'DISK_FULL')) return false;
          throw error;
        }
        rows.set(name, { block, seat, length: bytes.length });
        total += bytes.length;
        return true;
      }),
    async get(block, seat) {
      const name = nameOf(block, seat);
      if (!rows.has(name)) return undefined;
      try {
        return await disk.readFile(pathOf(name));
      } catch (error) {
        if (!isBitDustError(error)) throw error;
        await oneByOne(() => removeNow(name));
        return undefined;
      }
    },
    remove: (block, seat) => oneByOne(() => removeNow(nameOf(block, seat))),
    has: (block, seat) => rows.has(nameOf(block, seat)),
    bytes: () => total,
  };
}
