import { LIMITS } from './limits.ts';

/** Why a directory node refuses; the number goes over the wire as the error of the request. */
export const DIRECTORY_REFUSALS = {
  'too-fast': 64,
  'too-large': 65,
  'too-far-ahead': 66,
  'too-many': 67,
  'not-served': 68,
  malformed: 69,
} as const;

export type DirectoryRefusal = keyof typeof DIRECTORY_REFUSALS;

/** The range of addresses that shares its limits: the /24 of an IPv4 host, and on loopback each port for itself. */
export function addressRange(host: string, port: number): string {
  if (host.startsWith('127.')) return `${host}:${port}`;
  return host.split('.').slice(0, 3).join('.');
}

/** The single source of requests: the host, and on loopback each port for itself. */
export function addressSource(host: string, port: number): string {
  return host.startsWith('127.') ? `${host}:${port}` : host;
}

/** Whether a record of this size and sequence may be stored or believed now; null when it may. */
export function refuseRecord(record: {
  readonly sequence: number;
  readonly bytes: number;
  readonly nowMs: number;
}): DirectoryRefusal | null {
  if (record.bytes > LIMITS.directoryValueBytesMax.value) return 'too-large';
  const aheadMs = record.sequence * 1000 - record.nowMs;
  if (!Number.isSafeInteger(record.sequence) || record.sequence < 0) return 'malformed';
  return aheadMs > LIMITS.directorySequenceAheadMs.value ? 'too-far-ahead' : null;
}

/** The next sequence of a writer: the seconds of now, and always more than his last one. */
export function nextSequence(nowMs: number, previous: number): number {
  return Math.max(Math.floor(nowMs / 1000), previous + 1);
}

export interface DirectoryGate {
  /** Counts one request of a source. */
  admitRequest(source: string, nowMs: number): boolean;
  /** Counts one record put by a source. */
  admitPut(source: string, nowMs: number): boolean;
  /** Counts one announce; the same key again under the same target is a refresh. */
  admitAnnounce(announce: {
    readonly range: string;
    readonly source: string;
    readonly target: string;
    readonly key: string;
    readonly nowMs: number;
  }): boolean;
}

const HOUR_MS = 3_600_000;

/** The limits of one directory node towards all others. Holds counters only; the tables are bounded, the oldest entry goes first. */
export function createDirectoryGate(): DirectoryGate {
  const requests = tokenBuckets(LIMITS.directoryRequestsBurst.value, LIMITS.directoryRequestsPerSecond.value / 1000);
  const puts = tokenBuckets(LIMITS.directoryPutsPerSourceHour.value, LIMITS.directoryPutsPerSourceHour.value / HOUR_MS);
  const announces = tokenBuckets(
    LIMITS.directoryAnnouncesPerSourceHour.value,
    LIMITS.directoryAnnouncesPerSourceHour.value / HOUR_MS,
  );
  const claims = new Map<string, Map<string, number>>();

  return {
    admitRequest: (source, nowMs) => requests(source, nowMs),
    admitPut: (source, nowMs) => puts(source, nowMs),
    admitAnnounce({ range, source, target, key, nowMs }) {
      const place = `${range} ${target}`;
      const known = claims.get(place) ?? new Map<string, number>();
      for (const [other, at] of known) {
        if (nowMs - at > LIMITS.directoryRecordLifeMs.value) known.delete(other);
      }
      if (!known.has(key) && known.size >= LIMITS.directoryAnnouncesPerRangeAndTarget.value) return false;
      if (!announces(source, nowMs)) return false;
      known.set(key, nowMs);
      claims.delete(place);
      claims.set(place, known);
      dropOldest(claims, LIMITS.directoryHeldMax.value);
      return true;
    },
  };
}

function tokenBuckets(burst: number, perMs: number): (source: string, nowMs: number) => boolean {
  const buckets = new Map<string, { readonly left: number; readonly atMs: number }>();
  return (source, nowMs) => {
    const old = buckets.get(source) ?? { left: burst, atMs: nowMs };
    const left = Math.min(burst, old.left + Math.max(0, nowMs - old.atMs) * perMs);
    buckets.delete(source);
    buckets.set(source, { left: left >= 1 ? left - 1 : left, atMs: nowMs });
    dropOldest(buckets, LIMITS.directorySourcesMax.value);
    return left >= 1;
  };
}

/** Keeps a table at its limit: what was touched longest ago goes first. */
export function dropOldest(table: Map<string, unknown>, sizeMax: number): void {
  for (const key of table.keys()) {
    if (table.size <= sizeMax) return;
    table.delete(key);
  }
}
