import HyperDHT, { type DhtReply, type NodeAddress, type Query } from 'hyperdht';
import messages from 'hyperdht/lib/messages.js';
import type { DirectoryRecord } from '../../ports/directory.ts';
import { refuseRecord } from '../../protocol/directory-rules.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { COMMANDS, decodeMessage, encodePut, isRecordSigned } from './wire.ts';

/** Start nodes of one look-up, and how many nodes must be known before three look-ups go disjoint ways. */
const START_NODES = 20;
const DISJOINT_WAYS = 3;
/** A silent node is asked three times in all, a second each, so that the dead hold nobody up for long. */
export const QUERY = { retries: 2 };

/** Runs a query to its end or to the abort; rejects with `DIRECTORY_UNREACHABLE` when nobody took it. */
export async function finish<Data>(query: Query, signal: AbortSignal, onData: (data: Data) => void): Promise<void> {
  const abort = (): void => query.destroy();
  signal.addEventListener('abort', abort, { once: true });
  query.on('data', onData as (data: never) => void);
  try {
    if (signal.aborted) query.destroy();
    await query.finished();
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof BitDustError) throw cause;
    throw new BitDustError('DIRECTORY_UNREACHABLE', undefined, { cause });
  } finally {
    signal.removeEventListener('abort', abort);
  }
  signal.throwIfAborted();
}

/** Groups of start nodes for look-ups that share none; one empty group (the library's own choice) in a small network. */
export function startGroups(dht: HyperDHT, fraction: () => number): (readonly NodeAddress[] | undefined)[] {
  const nodes = dht.toArray();
  if (nodes.length < START_NODES * DISJOINT_WAYS) return [undefined];
  for (let index = nodes.length - 1; index > 0; index--) {
    const other = Math.floor(fraction() * (index + 1));
    [nodes[index], nodes[other]] = [nodes[other] as NodeAddress, nodes[index] as NodeAddress];
  }
  return Array.from({ length: DISJOINT_WAYS }, (_, way) => nodes.slice(way * START_NODES, (way + 1) * START_NODES));
}

/** The highest valid sequence over all look-ups, with everybody who gave it. */
export async function getRecord(
  dht: HyperDHT,
  publicKey: Uint8Array,
  options: { readonly nowMs: number; readonly groups: ReturnType<typeof startGroups>; readonly signal: AbortSignal },
): Promise<{ readonly record: DirectoryRecord | undefined; readonly holders: number; readonly answers: number }> {
  const target = HyperDHT.hash(Buffer.from(publicKey));
  const holders = new Set<string>();
  let best: DirectoryRecord | undefined;

  function consider({ record, from }: Found): void {
    const bytes = record.value.length;
    if (refuseRecord({ sequence: record.sequence, bytes, nowMs: options.nowMs }) !== null) return;
    if (best !== undefined && record.sequence < best.sequence) return;
    if (!isRecordSigned(record)) return;
    if (best === undefined || record.sequence > best.sequence) {
      best = record;
      holders.clear();
    }
    holders.add(from);
  }

  const queries = options.groups.map((nodes) =>
    dht.query<Found>(
      { target, command: COMMANDS.mutableGet, value: Buffer.from([0]) },
      { ...QUERY, map: (reply) => toFound(publicKey, reply), ...(nodes === undefined ? {} : { nodes }) },
    ),
  );
  await Promise.all(queries.map((query) => finish<Found>(query, options.signal, consider)));
  const answers = queries.reduce((sum, query) => sum + query.successes, 0);
  return { record: best, holders: holders.size, answers };
}

/** Stores a ready-signed record with the nodes closest to its key. */
export function putRecord(dht: HyperDHT, record: DirectoryRecord, signal: AbortSignal): Promise<void> {
  const target = HyperDHT.hash(Buffer.from(record.publicKey));
  const value = encodePut(record);
  const query = dht.query(
    { target, command: COMMANDS.mutableGet, value: Buffer.from([0]) },
    {
      ...QUERY,
      commit: ({ token, from }) =>
        token === null
          ? Promise.reject(new Error('no token'))
          : dht.request({ token, target, command: COMMANDS.mutablePut, value }, from),
    },
  );
  return finish(query, signal, () => undefined);
}

/** Keys announced under the target, and whether any node's answer was cut. */
export async function lookUpKeys(
  dht: HyperDHT,
  target: Uint8Array,
  options: { readonly groups: ReturnType<typeof startGroups>; readonly signal: AbortSignal },
): Promise<{ readonly keys: Map<string, Uint8Array>; readonly flooded: boolean; readonly answers: number }> {
  const keys = new Map<string, Uint8Array>();
  let flooded = false;
  const queries = options.groups.map((nodes) =>
    dht.lookup(Buffer.from(target), nodes === undefined ? QUERY : { ...QUERY, nodes }),
  );
  const collect = ({ peers }: { peers: { publicKey: Uint8Array }[] }): void => {
    if (peers.length >= LIMITS.directoryAnswerKeysMax.value) flooded = true;
    for (const { publicKey } of peers) keys.set(toHex(publicKey), Uint8Array.from(publicKey));
  };
  await Promise.all(queries.map((query) => finish(query, options.signal, collect)));
  const answers = queries.reduce((sum, query) => sum + query.successes, 0);
  return { keys, flooded, answers };
}

interface Found {
  readonly record: DirectoryRecord;
  readonly from: string;
}

function toFound(publicKey: Uint8Array, reply: DhtReply): Found | null {
  const held = decodeMessage(messages.mutableGetResponse, reply.value);
  if (held === null || held.value === null) return null;
  const { value, signature } = held;
  return {
    record: {
      publicKey,
      sequence: held.seq,
      value: Uint8Array.from(value),
      signature: Uint8Array.from(signature),
    },
    from: `${reply.from.host}:${reply.from.port}`,
  };
}
