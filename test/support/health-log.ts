import type { BlockRow, BlockStanding, OrderLog } from '../../ports/order-logs.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { deviceOf, logOf } from './log-writer.ts';

/** A block id of the tests by number, in order of the numbers. */
export function blockOf(number: number): BlockId {
  return number.toString(16).padStart(64, '0');
}

/** What the logs say of blocks, as a test wants it. */
export interface FakeBlocks extends Pick<OrderLog, 'eachBlock' | 'block' | 'blocks'> {
  put(block: Partial<BlockRow> & Pick<BlockRow, 'block' | 'k' | 'n'>): void;
  stand(block: BlockId, standing: BlockStanding): void;
}

/** A log that names the blocks it is given. */
export function fakeBlocks(): FakeBlocks {
  const rows = new Map<BlockId, BlockRow>();
  return {
    put: (block) =>
      void rows.set(block.block, {
        size: 1024 * 1024,
        seats: Array.from({ length: block.n }, (_, seat) => seat),
        roots: new Uint8Array(block.n * 32),
        standing: 'committed',
        order: { device: deviceOf(10), log: logOf(1), seq: 1 },
        buriedAt: null,
        removedBy: [],
        ...block,
      }),
    stand(block, standing) {
      const row = rows.get(block);
      if (row) rows.set(block, { ...row, standing });
    },
    block: async (block) => rows.get(block),
    blocks: async (ids) => ids.map((id) => rows.get(id)),
    async *eachBlock(after) {
      for (const id of [...rows.keys()].sort()) if (after === undefined || id > after) yield rows.get(id)!;
    },
  };
}
