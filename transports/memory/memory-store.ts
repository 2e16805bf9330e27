import type { DirectoryRecord } from '../../ports/directory.ts';
import type { Random } from '../../ports/world.ts';
import {
  addressRange,
  addressSource,
  type DirectoryGate,
  type DirectoryRefusal,
  dropOldest,
  refuseRecord,
} from '../../protocol/directory-rules.ts';
import { verify } from '../../protocol/ed25519.ts';
import { compareBytes, labelled, toHex, u64 } from '../../protocol/hash.ts';
import { LABELS } from '../../protocol/labels.ts';
import { LIMITS } from '../../protocol/limits.ts';

/** What one node holds for others. */
export interface MemoryStore {
  readonly records: Map<string, { readonly record: DirectoryRecord; readonly atMs: number }>;
  readonly announces: Map<string, Map<string, { readonly publicKey: Uint8Array; readonly atMs: number }>>;
}

/** One node of the memory directory. */
export interface MemoryNode {
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly id: Uint8Array;
  readonly networkId: Uint8Array;
  readonly gate: DirectoryGate;
  readonly store: MemoryStore;
}

/** What the writer of a record signs. */
export function recordMessage(sequence: number, value: Uint8Array): Uint8Array {
  return labelled(LABELS.memoryRecord, u64(sequence), value);
}

/** What the writer of an announce signs for one holder. */
export function announceMessage(node: MemoryNode, target: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return labelled(LABELS.memoryAnnounce, node.id, target, publicKey);
}

/** Records that were verified in this process: it holds all nodes, and one look is enough for them. */
const verified = new WeakSet<DirectoryRecord>();

/** True when the record is signed by its key. */
export function isSigned(record: DirectoryRecord): boolean {
  if (verified.has(record)) return true;
  const { publicKey, sequence, value, signature } = record;
  if (!verify(publicKey, recordMessage(sequence, value), signature)) return false;
  verified.add(record);
  return true;
}

/** Takes a record from another node, within the limits. */
export function storeRecord(
  node: MemoryNode,
  put: { readonly record: DirectoryRecord; readonly from: MemoryNode; readonly nowMs: number },
): DirectoryRefusal | null {
  const { record, from, nowMs } = put;
  const refusal = refuseRecord({ sequence: record.sequence, bytes: record.value.length, nowMs });
  if (refusal !== null) return refusal;
  if (!node.gate.admitPut(addressSource(from.host, from.port), nowMs)) return 'too-many';
  if (!isSigned(record)) return 'malformed';
  keepRecord(node, record, nowMs);
  return null;
}

/** Of one sequence the first value stays: a writer who reuses a number changes nothing. */
export function keepRecord(node: MemoryNode, record: DirectoryRecord, nowMs: number): void {
  const old = heldRecord(node, record.publicKey, nowMs);
  const isReused = old?.sequence === record.sequence && compareBytes(old.value, record.value) !== 0;
  if (isReused || (old !== undefined && old.sequence > record.sequence)) return;
  const key = toHex(record.publicKey);
  node.store.records.delete(key);
  node.store.records.set(key, { record, atMs: nowMs });
  dropOldest(node.store.records, LIMITS.directoryHeldMax.value);
}

/** What is held under the key and has not expired. */
export function heldRecord(node: MemoryNode, publicKey: Uint8Array, nowMs: number): DirectoryRecord | undefined {
  const held = node.store.records.get(toHex(publicKey));
  if (held === undefined || nowMs - held.atMs <= LIMITS.directoryRecordLifeMs.value) return held?.record;
  node.store.records.delete(toHex(publicKey));
  return undefined;
}

/** Takes an announce from another node, within the limits. */
export function storeAnnounce(
  node: MemoryNode,
  announce: {
    readonly target: Uint8Array;
    readonly publicKey: Uint8Array;
    readonly from: MemoryNode;
    readonly nowMs: number;
  },
): void {
  const { target, publicKey, from, nowMs } = announce;
  const admitted = node.gate.admitAnnounce({
    range: addressRange(from.host, from.port),
    source: addressSource(from.host, from.port),
    target: toHex(target),
    key: toHex(publicKey),
    nowMs,
  });
  if (admitted) keepAnnounce(node, { target, publicKey, nowMs });
}

/** Holds an announce of our own or one that was admitted. */
export function keepAnnounce(
  node: MemoryNode,
  announce: { readonly target: Uint8Array; readonly publicKey: Uint8Array; readonly nowMs: number },
): void {
  const target = toHex(announce.target);
  const held = node.store.announces.get(target) ?? new Map();
  held.set(toHex(announce.publicKey), { publicKey: announce.publicKey, atMs: announce.nowMs });
  node.store.announces.set(target, held);
  dropOldest(node.store.announces, LIMITS.directoryHeldMax.value);
}

/** Keys held under the target that have not expired. */
export function heldAnnounces(node: MemoryNode, target: Uint8Array, nowMs: number): Uint8Array[] {
  const held = node.store.announces.get(toHex(target)) ?? new Map();
  for (const [key, { atMs }] of held) if (nowMs - atMs > LIMITS.directoryRecordLifeMs.value) held.delete(key);
  return [...held.values()].map(({ publicKey }) => publicKey);
}

/** At most as many as fit one answer, at random, so that no order of arrival hides somebody for ever. */
export function sample(keys: readonly Uint8Array[], random: Random): readonly Uint8Array[] {
  const left = [...keys];
  const told: Uint8Array[] = [];
  while (left.length > 0 && told.length < LIMITS.directoryAnswerKeysMax.value) {
    told.push(...left.splice(Math.floor(random.fraction() * left.length), 1));
  }
  return told;
}
