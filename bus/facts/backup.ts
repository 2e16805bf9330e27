import type { BlockId, DeviceId, PersonId, VersionId } from '../../protocol/ids.ts';

/** Chapter backup: versions, lanes, log, catalogue, health. */
export interface BackupFacts {
  'backup.started': { readonly task: string; readonly set: string };
  'pieces.staged': { readonly task: string; readonly pieces: number };
  'backup.entered': { readonly task: string; readonly version: VersionId };
  'backup.stalled': { readonly task: string; readonly reason: string };
  'backup.stored': { readonly task: string; readonly set: string; readonly version: VersionId };
  'backup.failed': { readonly task: string; readonly reason: string };
  'pieces.delivered': { readonly supplier: DeviceId; readonly seat: number; readonly count: number };
  'delivery.refused': { readonly supplier: DeviceId; readonly seat: number; readonly reason: string };
  'delivery.stalled': { readonly supplier: DeviceId; readonly seat: number; readonly reason: string };
  'health.measured': { readonly nines: number; readonly weakest: BlockId | null };
  'block.weakened': { readonly block: BlockId; readonly held: number; readonly urgent: boolean };
  'refill.became-due': { readonly blocks: number };
  'block.became-unreadable': { readonly block: BlockId };
  'version.became-safe': { readonly version: VersionId };
  'document.changed': { readonly document: string };
  'log.changed': { readonly owner: PersonId; readonly device: DeviceId; readonly kinds: readonly string[] };
  'log.in-sync': { readonly owner: PersonId };
  'log.unavailable': { readonly owner: PersonId; readonly reason: string };
  'log.withheld': { readonly owner: PersonId; readonly supplier: DeviceId };
  'log.forked': { readonly owner: PersonId; readonly device: DeviceId };
  'seat.caught-up': { readonly seat: number; readonly supplier: DeviceId };
  'document.in-sync': { readonly document: string };
  'document.merged': { readonly document: string };
  'document.conflicted': { readonly document: string; readonly names: readonly string[] };
  'document.unavailable': { readonly document: string; readonly reason: string };
  'version.expired': { readonly version: VersionId };
  'version.undeleted': { readonly version: VersionId };
}
