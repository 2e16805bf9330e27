import type { FamilyView } from '../../ports/order-logs.ts';
import type { Records } from '../../ports/records.ts';
import { parseFamily } from '../../protocol/family.ts';
import type { LogId } from '../../protocol/ids.ts';
import { decodeLocal, encodeLocal } from '../../protocol/local-codec.ts';
import { type LogHead, logKey } from '../../protocol/log-place.ts';
import { decodeRow } from '../../protocol/log-rows.ts';
import type { FamilyState } from '../../protocol/log-state.ts';
import type { OwnerKeys } from './keys.ts';
import { under } from './keys.ts';
import type { Overlay } from './overlay.ts';

/** One log as it is held: its head, the oldest entry still kept, and the checkpoint it may be dropped to. */
export interface HeldLog extends LogHead {
  readonly first: number;
  /** The newest complete checkpoint: its first and last part, and when it was whole here. */
  readonly checkpoint: { readonly from: number; readonly to: number; readonly sawAt: number } | null;
  /** A checkpoint whose parts are coming in. */
  readonly coming: { readonly from: number; readonly parts: number } | null;
}

/** What is counted of an owner, and whether two entries were ever signed for one place. */
export interface LogMeta {
  readonly entryBytes: number;
  readonly stateBytes: number;
  readonly forked: boolean;
}

/** What is kept in memory of an owner's logs; all of it can be read again from the records. */
export interface LogMemory {
  heads: Map<string, HeldLog>;
  meta: LogMeta;
  families: Map<number, FamilyState>;
  family: FamilyView | undefined;
  ownLog: LogId | undefined;
}

/** A copy to change, put in the place of the old one once the changes are durable. */
export function copyMemory(memory: LogMemory): LogMemory {
  return { ...memory, heads: new Map(memory.heads), families: new Map(memory.families) };
}

/** A signed family document as the port shows it. */
export function familyView(bytes: Uint8Array): FamilyView {
  const { version, seats, hash } = parseFamily(bytes);
  return { version, seats, bytes, hash };
}

/** Reads the heads, counts and families of an owner. */
export async function loadMemory(records: Records, keys: OwnerKeys): Promise<LogMemory> {
  const heads = new Map<string, HeldLog>();
  for await (const [, value] of records.range(under(keys.heads))) {
    const head = decodeLocal<HeldLog>(value);
    heads.set(logKey(head), head);
  }
  const families = new Map<number, FamilyState>();
  for await (const [, value] of records.range(under(keys.state('family')))) {
    const row = decodeRow(value, { sawAt: 0 });
    if (row.on === 'family') families.set(row.row.version, row.row);
  }
  let family: FamilyView | undefined;
  for await (const [, value] of records.range({ ...under(keys.families), reverse: true, limit: 1 })) {
    family = familyView(value);
  }
  const [meta, own] = await records.getMany([keys.meta, keys.own]);
  return {
    heads,
    families,
    family,
    meta: meta === undefined ? { entryBytes: 0, stateBytes: 0, forked: false } : decodeLocal<LogMeta>(meta),
    ownLog: own === undefined ? undefined : decodeLocal<LogId>(own),
  };
}

/** Puts what changed in memory beside the rows it belongs to, to be durable with them. */
export function putMemory(
  overlay: Overlay,
  keys: OwnerKeys,
  change: { readonly before: LogMemory; readonly after: LogMemory },
): void {
  const { before, after } = change;
  for (const [key, head] of after.heads) {
    if (before.heads.get(key) !== head) overlay.put(keys.head(head), encodeLocal(head));
  }
  if (before.meta !== after.meta) overlay.put(keys.meta, encodeLocal(after.meta));
  if (before.ownLog !== after.ownLog && after.ownLog !== undefined) overlay.put(keys.own, encodeLocal(after.ownLog));
}
