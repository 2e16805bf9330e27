import type { BlockId } from '../../protocol/ids.ts';

/** Chapter rebuild: repair of weak blocks. */
export interface RebuildFacts {
  'rebuild.started': { readonly blocks: number };
  'rebuild.finished': { readonly repaired: number };
  'rebuild.stuck': { readonly reason: string };
  'block.repaired': { readonly block: BlockId; readonly seats: readonly number[] };
}
