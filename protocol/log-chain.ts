import { BitDustError, type ErrorCode } from './errors.ts';
import { compareBytes } from './hash.ts';
import type { DeviceId, PersonId } from './ids.ts';
import { type LogEntry, verifyLogEntry } from './log-entry.ts';
import type { LogHead } from './log-place.ts';

/** Kinds that can lead to erasing: refused from the moment a newer device list without the device is known. */
const REMOVING_KINDS: ReadonlySet<string> = new Set(['abandon', 'bury', 'erased', 'checkpoint']);

/** What a holder knows when an entry comes. */
export interface LinkContext {
  readonly network: Uint8Array;
  readonly owner: PersonId;
  /** The newest entry of this log that is held; null for the first. */
  readonly head: LogHead | null;
  /** Hash of the entry that is held at this place, when it still is. */
  readonly hashAt: string | null;
  /** The newest revision of the owner's identity that is known; null when none is. */
  readonly newestRevision: number | null;
  /** Whether the list of a revision, or the newest, has the device. */
  lists(device: DeviceId, revision?: number): boolean;
}

/** `next` extends the log, `known` is held already, `jump` is a checkpoint that stands for the entries between. */
export type Link = 'next' | 'known' | 'jump';

/** A first part of a checkpoint that covers its own log up to the entry before it may follow any older head. */
function standsForAll(entry: LogEntry): boolean {
  const { content } = entry;
  if (content?.kind !== 'checkpoint' || content.body.part !== 0) return false;
  const own = content.body.upTo.find((head) => head.device === entry.device && head.log === entry.log);
  return own !== undefined && own.seq === entry.seq - 1 && own.hash === entry.prev;
}

function refuse(code: ErrorCode, entry: LogEntry, message?: string): never {
  throw new BitDustError(code, message, { details: { device: entry.device, log: entry.log, seq: entry.seq } });
}

function checkRight(entry: LogEntry, context: LinkContext): void {
  if (context.newestRevision === null || entry.revision > context.newestRevision) {
    refuse('LOG_REVISION_UNKNOWN', entry);
  }
  if (!context.lists(entry.device, entry.revision)) refuse('LOG_DEVICE_UNKNOWN', entry);
  if (REMOVING_KINDS.has(entry.kind) && !context.lists(entry.device)) refuse('LOG_REVOKED_DEVICE', entry);
}

/**
 * Judges one entry against what is held. A refused one throws: `LOG_FOREIGN`, `LOG_REVISION_UNKNOWN`,
 * `LOG_DEVICE_UNKNOWN`, `LOG_REVOKED_DEVICE`, `SIGNATURE_INVALID`, `LOG_GAP`, or `LOG_FORKED` when the same device
 * signed another entry for this place or for the one before.
 */
export function checkLink(entry: LogEntry, context: LinkContext): Link {
  if (entry.owner !== context.owner || compareBytes(entry.network, context.network) !== 0) refuse('LOG_FOREIGN', entry);
  const headSeq = context.head?.seq ?? 0;
  if (entry.seq <= headSeq && (context.hashAt === null || context.hashAt === entry.hash)) return 'known';
  const jumps = entry.seq > headSeq + 1;
  if (jumps && !standsForAll(entry)) refuse('LOG_GAP', entry);
  checkRight(entry, context);
  verifyLogEntry(entry);
  if (jumps) return 'jump';
  if (entry.seq <= headSeq) refuse('LOG_FORKED', entry);
  if (entry.prev !== (context.head?.hash ?? null)) refuse('LOG_FORKED', entry);
  return 'next';
}
