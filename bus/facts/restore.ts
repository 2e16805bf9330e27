import type { BlockId, DeviceId } from '../../protocol/ids.ts';

/** Chapter restore: getting versions and blocks back. */
export interface RestoreFacts {
  'restore.started': { readonly task: string };
  'restore.waiting': { readonly task: string; readonly suppliers: readonly DeviceId[]; readonly blocks: number };
  'restore.finished': { readonly task: string };
  'restore.failed': { readonly task: string; readonly reason: string };
  'piece.found-missing': { readonly supplier: DeviceId; readonly seat: number; readonly block: BlockId };
  'piece.found-bad': { readonly supplier: DeviceId; readonly seat: number; readonly block: BlockId };
}
