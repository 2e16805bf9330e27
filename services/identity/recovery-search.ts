import type { Directory } from '../../ports/directory.ts';
import type { SignerFactory } from '../../ports/signer.ts';
import { type RootHeadValue, rootHeadValue } from '../../protocol/directory-values.ts';
import { equalBytes } from '../../protocol/hash.ts';
import { type DeviceId, deviceIdFrom } from '../../protocol/ids.ts';
import { rendezvousSeed } from '../../protocol/recovery-keys.ts';
import { openRecoveryRecord, type RecoveryRecord } from '../../protocol/recovery-record.ts';
import { RENDEZVOUS_PAIRS, signerOf } from './make-identity.ts';

export interface RecoverySearchNeeds {
  readonly directory: Pick<Directory, 'get'>;
  readonly signer: SignerFactory;
  readonly entropy: Uint8Array;
  /** Public key of root 0. */
  readonly person: Uint8Array;
  readonly networkId: Uint8Array;
}

/** What the directory holds of a person. */
export interface FoundRecovery {
  /** Suppliers named by any record, with the addresses they had. */
  readonly anchors: ReadonlyMap<DeviceId, readonly string[]>;
  /** The highest pair under which a record lay; -1 when none did. */
  readonly highestPair: number;
  readonly rootHead: { readonly value: RootHeadValue; readonly sequence: number } | null;
}

/** Read further so many at a time, as long as the last ones held any. */
const MORE_PAIRS = 16;
const PAIRS_MAX = 512;

/** Reads root head and recovery records; the answers of the suppliers they name decide what counts. */
export async function searchRecovery(
  needs: RecoverySearchNeeds,
  options: { readonly pairs: number; readonly signal: AbortSignal },
): Promise<FoundRecovery> {
  const { signal } = options;
  const rootHead = await readRootHead(needs, signal);
  // Each recovery moved on by the pairs that were dealt before it.
  let upTo = Math.min(PAIRS_MAX, options.pairs + RENDEZVOUS_PAIRS * (rootHead?.value.epoch ?? 0));
  const found: { readonly pair: number; readonly record: RecoveryRecord }[] = [];
  for (let from = 0; from < upTo; ) {
    const pairs = Array.from({ length: upTo - from }, (_, index) => from + index);
    const records = await settledAll(pairs.map((pair) => readRecord(needs, pair, signal)));
    for (const { pair, record } of records) if (record !== undefined) found.push({ pair, record });
    from = upTo;
    if (found.some(({ pair }) => pair >= upTo - MORE_PAIRS)) upTo = Math.min(PAIRS_MAX, upTo + MORE_PAIRS);
  }
  const anchors = new Map<DeviceId, readonly string[]>();
  for (const { record } of found) {
    for (const { device, address } of record.anchors) {
      const id = deviceIdFrom(device);
      anchors.set(id, [...new Set([...(anchors.get(id) ?? []), address])]);
    }
  }
  return { anchors, highestPair: Math.max(-1, ...found.map(({ pair }) => pair)), rootHead };
}

async function readRootHead({ directory, person }: RecoverySearchNeeds, signal: AbortSignal) {
  const found = await directory.get(person, signal);
  if (found === undefined) return null;
  try {
    return { value: rootHeadValue.decode(found.record.value), sequence: found.record.sequence };
  } catch {
    return null;
  }
}

/** The record of one pair, when there is one that opens and is of this person and network. */
async function readRecord(needs: RecoverySearchNeeds, pair: number, signal: AbortSignal) {
  const seed = rendezvousSeed(needs.entropy, pair);
  const { publicKey } = signerOf(needs.signer, Uint8Array.from(seed));
  const found = await needs.directory.get(publicKey, signal);
  const record = found === undefined ? undefined : openOr(found.record.value, seed);
  seed.fill(0);
  const isOurs =
    record !== undefined && equalBytes(record.person, needs.person) && equalBytes(record.network, needs.networkId);
  return { pair, record: isOurs ? record : undefined };
}

function openOr(value: Uint8Array, seed: Uint8Array): RecoveryRecord | undefined {
  try {
    return openRecoveryRecord(value, seed);
  } catch {
    return undefined;
  }
}

/** What came of many; rejects only when nothing did. */
async function settledAll<Value>(work: readonly Promise<Value>[]): Promise<readonly Value[]> {
  const settled = await Promise.allSettled(work);
  const values = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = settled.find((one) => one.status === 'rejected');
  if (values.length === 0 && failed !== undefined) throw failed.reason;
  return values;
}
