import { encode } from './cbor.ts';
import { fromHex, labelledHash } from './hash.ts';
import { bytesOfLog, type DeviceId, keyOfDevice, type LogId } from './ids.ts';
import { LABELS } from './labels.ts';

/** Where an entry stands: the `seq`-th entry of one log of one device. It names an order uniquely. */
export interface LogPlace {
  readonly device: DeviceId;
  readonly log: LogId;
  readonly seq: number;
}

/** The newest entry of one log of one device. `hash` is hex of the entry's statement hash. */
export interface LogHead extends LogPlace {
  readonly hash: string;
}

/** A place together with what its writer had seen of the owner's other logs, which gives the entries a partial order. */
export interface LogStamp extends LogPlace {
  readonly seen: readonly LogPlace[];
}

/** One text for one log of one device. */
export function logKey(place: { readonly device: DeviceId; readonly log: LogId }): string {
  return `${place.device}/${place.log}`;
}

/** True when the writer of `later` had `earlier` before him. */
export function precedes(earlier: LogPlace, later: LogStamp): boolean {
  if (earlier.device === later.device && earlier.log === later.log) return earlier.seq < later.seq;
  return later.seen.some(
    (head) => head.device === earlier.device && head.log === earlier.log && head.seq >= earlier.seq,
  );
}

/** Rises along `precedes`, because a later entry has seen at least as much of every log and more of one. */
function rank(stamp: LogStamp): number {
  return stamp.seen.reduce((sum, head) => sum + head.seq, stamp.seq);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Order of the places alone: by device, log, then seq. */
export function comparePlaces(a: LogPlace, b: LogPlace): number {
  return compareText(a.device, b.device) || compareText(a.log, b.log) || a.seq - b.seq;
}

/** A total order of entries, the same for everybody, in which nothing stands before what its writer had seen. */
export function compareStamps(a: LogStamp, b: LogStamp): number {
  return rank(a) - rank(b) || comparePlaces(a, b);
}

/** What two holders compare first: equal digests mean equal logs. The heads are put in the order of their places. */
export function headsDigest(heads: readonly LogHead[]): Uint8Array {
  const rows = heads.toSorted(comparePlaces).map(({ device, log, seq, hash }) => ({
    device: keyOfDevice(device),
    hash: fromHex(hash),
    log: bytesOfLog(log),
    seq,
  }));
  return labelledHash(LABELS.logHeads, encode(rows));
}
