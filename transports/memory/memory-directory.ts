import type { Directory } from '../../ports/directory.ts';
import type { Clock, DirectoryOptions, Random } from '../../ports/world.ts';
import { addressSource, createDirectoryGate, refuseRecord } from '../../protocol/directory-rules.ts';
import { verify } from '../../protocol/ed25519.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { compareBytes, sha256, toHex } from '../../protocol/hash.ts';
import {
  announceMessage,
  heldAnnounces,
  heldRecord,
  isSigned,
  keepAnnounce,
  keepRecord,
  type MemoryNode,
  type MemoryStore,
  recordMessage,
  sample,
  storeAnnounce,
  storeRecord,
} from './memory-store.ts';

export interface MemoryDirectoryNetworkOptions {
  readonly clock: Pick<Clock, 'now' | 'setTimeout' | 'clearTimeout'>;
  readonly random: Random;
  /** Round trip of one question; 0 takes microtasks only. */
  readonly latencyMs?: number;
  /** Whether a packet gets from one `host:port` to another now; everything does unless told. */
  readonly reaches?: (from: string, to: string) => boolean;
}

export interface MemoryDirectoryNetwork {
  /** A node of this network, not joined yet. */
  directory(options: DirectoryOptions): Directory;
}

/** Nodes that a record or announce goes to. */
const CLOSEST = 20;
const KNOWN_FOR_MS = 3_600_000;

/** A directory within one process, for tests and simulation: same rules, limits and answers as the real one. */
export function createMemoryDirectoryNetwork(network: MemoryDirectoryNetworkOptions): MemoryDirectoryNetwork {
  const nodes = new Map<string, MemoryNode>();
  const shelves = new Map<string, MemoryStore>();
  return { directory: (options) => createMemoryDirectory(options, { ...network, nodes, shelves }) };
}

type Shared = MemoryDirectoryNetworkOptions & {
  readonly nodes: Map<string, MemoryNode>;
  /** Stores of nodes that left and keep what they hold over a restart. */
  readonly shelves: Map<string, MemoryStore>;
};

function createMemoryDirectory(options: DirectoryOptions, shared: Shared): Directory {
  if (!Array.isArray(options.bootstrap)) throw new BitDustError('BAD_INPUT', 'A directory needs its bootstrap list.');
  const address = `${options.host}:${options.port}`;
  const { clock, random, nodes, shelves } = shared;
  const seen = new Map<string, number>();
  let self: MemoryNode | null = null;
  let networkId = options.networkId;

  function joined(): MemoryNode {
    if (self === null) throw new BitDustError('DIRECTORY_UNREACHABLE', 'The directory is not joined.');
    return self;
  }

  function isAlone(): boolean {
    return options.bootstrap.length === 0 && others(shared, joined()).length === 0;
  }

  /** The reachable nodes closest to the target, after one round trip. */
  async function reach(target: Uint8Array, signal: AbortSignal): Promise<readonly MemoryNode[]> {
    const from = joined();
    await roundTrip(shared, signal);
    if (self !== from) throw new BitDustError('DIRECTORY_UNREACHABLE', 'The directory was left.');
    const found = closest(others(shared, from), target);
    if (found.length === 0 && !isAlone()) throw new BitDustError('DIRECTORY_UNREACHABLE');
    return found.filter((node) => node.gate.admitRequest(addressSource(from.host, from.port), clock.now()));
  }

  return {
    async join(signal) {
      await roundTrip(shared, signal);
      const answers = options.bootstrap.map((one) => nodes.get(one)).filter((node) => node !== undefined);
      const heard = answers.filter((node) => shared.reaches?.(address, node.address) ?? true);
      networkId = options.bootstrap.length === 0 ? (networkId ?? random.bytes(32)) : judge(networkId, heard);
      if (nodes.has(address) && self === null) throw new BitDustError('PORT_TAKEN');
      self ??= {
        address,
        host: options.host,
        port: options.port,
        id: sha256(Buffer.from(address)),
        networkId,
        gate: createDirectoryGate(),
        store: shelves.get(address) ?? { records: new Map(), announces: new Map() },
      };
      nodes.set(address, self);
      return { networkId, neighbours: others(shared, self).length };
    },

    async health() {
      const from = joined();
      await roundTrip(shared, new AbortController().signal);
      const reached = others(shared, from);
      for (const node of reached) seen.set(node.address, clock.now());
      for (const [one, at] of seen) if (clock.now() - at > KNOWN_FOR_MS) seen.delete(one);
      return { neighbours: Math.min(CLOSEST, reached.length), known: seen.size };
    },

    address: () => (self === null ? null : address),

    makeRecord({ publicKey, sign, sequence, value }) {
      return { publicKey, sequence, value, signature: sign(recordMessage(sequence, value)) };
    },

    async put(record, signal) {
      const own = joined();
      const nowMs = clock.now();
      const refusal = refuseRecord({ sequence: record.sequence, bytes: record.value.length, nowMs });
      if (refusal !== null) throw new BitDustError('RECORD_INVALID', undefined, { details: { refusal } });
      if (!isSigned(record)) throw new BitDustError('SIGNATURE_INVALID');
      keepRecord(own, record, nowMs);
      const found = await reach(sha256(record.publicKey), signal);
      for (const node of found) storeRecord(node, { record, from: own, nowMs: clock.now() });
    },

    async get(publicKey, signal) {
      const found = await reach(sha256(publicKey), signal);
      const own = heldRecord(joined(), publicKey, clock.now());
      const answers = found
        .map((node) => heldRecord(node, publicKey, clock.now()))
        .filter((record) => record !== undefined);
      const best = [...answers, ...(own === undefined ? [] : [own])].sort((a, b) => b.sequence - a.sequence)[0];
      if (best === undefined) return undefined;
      return { record: best, holders: answers.filter((record) => record.sequence === best.sequence).length };
    },

    async announce({ target, publicKey, sign, signal }) {
      const own = joined();
      for (const node of await reach(target, signal)) {
        const message = announceMessage(node, target, publicKey);
        if (!verify(publicKey, message, sign(message))) throw new BitDustError('SIGNATURE_INVALID');
        storeAnnounce(node, { target, publicKey, from: own, nowMs: clock.now() });
      }
      keepAnnounce(own, { target, publicKey, nowMs: clock.now() });
    },

    async unannounce({ target, publicKey, sign, signal }) {
      joined().store.announces.get(toHex(target))?.delete(toHex(publicKey));
      for (const node of await reach(target, signal)) {
        const message = announceMessage(node, target, publicKey);
        if (!verify(publicKey, message, sign(message))) throw new BitDustError('SIGNATURE_INVALID');
        node.store.announces.get(toHex(target))?.delete(toHex(publicKey));
      }
    },

    async lookUp(target, signal) {
      const keys = new Map<string, Uint8Array>();
      let flooded = false;
      for (const node of [...(await reach(target, signal)), joined()]) {
        const held = heldAnnounces(node, target, clock.now());
        const told = sample(held, random);
        if (told.length < held.length) flooded = true;
        for (const key of told) keys.set(toHex(key), key);
      }
      return { keys: [...keys.values()], flooded };
    },

    clockOffsetMs: () => (self === null || others(shared, self).length === 0 ? null : 0),

    async leave() {
      if (self === null) return;
      nodes.delete(address);
      if (options.folder === null) shelves.delete(address);
      else shelves.set(address, self.store);
      self = null;
    },
  };
}

function judge(pinned: Uint8Array | null, heard: readonly MemoryNode[]): Uint8Array {
  const told = new Map(heard.map((node) => [toHex(node.networkId), node.networkId]));
  if (told.size === 0) throw new BitDustError('DIRECTORY_UNREACHABLE');
  if (pinned !== null && told.has(toHex(pinned))) return pinned;
  const [only] = told.values();
  if (pinned !== null || told.size > 1 || only === undefined) throw new BitDustError('NETWORK_ID_DIFFERS');
  return only;
}

function others({ nodes, reaches }: Shared, from: MemoryNode): MemoryNode[] {
  const isThere = (node: MemoryNode): boolean =>
    node !== from &&
    compareBytes(node.networkId, from.networkId) === 0 &&
    (reaches?.(from.address, node.address) ?? true);
  return [...nodes.values()].filter(isThere);
}

function closest(candidates: readonly MemoryNode[], target: Uint8Array): readonly MemoryNode[] {
  if (candidates.length <= CLOSEST) return candidates;
  const withDistance = candidates.map((node) => ({
    node,
    distance: node.id.map((byte, at) => byte ^ (target[at] ?? 0)),
  }));
  withDistance.sort((a, b) => compareBytes(a.distance, b.distance));
  return withDistance.slice(0, CLOSEST).map(({ node }) => node);
}

async function roundTrip({ clock, latencyMs = 0 }: Shared, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (latencyMs === 0) await Promise.resolve();
  else {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = clock.setTimeout(resolve, latencyMs);
    const abort = (): void => {
      clock.clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    await promise.finally(() => signal.removeEventListener('abort', abort));
  }
  signal.throwIfAborted();
}
