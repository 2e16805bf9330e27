import { networkInterfaces } from 'node:os';
import type { NodeAddress } from 'hyperdht';
import type { Directory, DirectoryRecord } from '../../ports/directory.ts';
import type { Disk } from '../../ports/disk.ts';
import type { Clock, DirectoryOptions, Random } from '../../ports/world.ts';
import { refuseRecord } from '../../protocol/directory-rules.ts';
import { verify } from '../../protocol/ed25519.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hash.ts';
import { readHeld, writeHeld } from './held-records.ts';
import { LimitedDht } from './limited-dht.ts';
import { makeHyperdhtRecord } from './make-record.ts';
import { askNetwork, judgeNetwork, medianOffsetMs } from './network-question.ts';
import { finish, getRecord, lookUpKeys, putRecord, QUERY, startGroups } from './queries.ts';
import { isRecordSigned } from './wire.ts';

export interface HyperdhtDirectoryNeeds {
  readonly clock: Pick<Clock, 'now' | 'setTimeout' | 'clearTimeout'>;
  readonly random: Random;
  readonly disk: Disk;
}

/** Held records are written this long after the first that is not on disk yet. */
const SAVE_DELAY_MS = 15_000;
const SAVED_NODES_MAX = 64;
const KNOWN_FOR_MS = 3_600_000;
const KNOWN_NODES_MAX = 256;

/** The directory on hyperdht: one UDP socket, its own limits in front, records kept over restarts. IPv4 only. */
export function createHyperdhtDirectory(options: DirectoryOptions, needs: HyperdhtDirectoryNeeds): Directory {
  const bootstrap = parseBootstrap(options);
  const { clock, random, disk } = needs;
  const seen = new Map<string, number>();
  let dht: LimitedDht | null = null;
  let networkId = options.networkId;
  let offsetMs: number | null = null;
  let saving: unknown = null;

  async function open(signal: AbortSignal): Promise<LimitedDht> {
    const held = options.folder === null ? null : await readHeld(disk, options.folder, clock.now());
    const made = new LimitedDht({
      host: options.host,
      port: options.port,
      ownHost: ownHost(options.host, bootstrap.length === 0),
      bootstrap,
      now: () => clock.now(),
      onHeld: () => {
        saving ??= clock.setTimeout(() => void save(made).catch(() => undefined), SAVE_DELAY_MS);
      },
    });
    made.once('persistent', () => {
      for (const record of held?.records ?? []) made.keepRecord(record, record.atMs);
      for (const announce of held?.announces ?? []) made.keepAnnounce(announce);
    });
    try {
      // Silent or foreign bootstrap nodes are noticed long before the library gives up its own first look-up.
      const asked = made.bind().then(() => learn(made, { remembered: held?.nodes ?? [], signal }));
      const [neighbours] = await abortable(Promise.all([asked, made.fullyBootstrapped()]), signal);
      for (const node of neighbours) made.addNode(node);
    } catch (cause) {
      await made.destroy({ force: true }).catch(() => undefined);
      signal.throwIfAborted();
      if (cause instanceof BitDustError) throw cause;
      const isTaken = (cause as { code?: string }).code === 'EADDRINUSE';
      throw new BitDustError(isTaken ? 'PORT_TAKEN' : 'DIRECTORY_UNREACHABLE', undefined, { cause });
    }
    return made;
  }

  /** Learns the network from whoever answers; gives those that are of it. */
  async function learn(
    from: LimitedDht,
    options: { readonly remembered: readonly NodeAddress[]; readonly signal: AbortSignal },
  ): Promise<NodeAddress[]> {
    const words = await askNetwork(from, { clock, ...options });
    if (bootstrap.length > 0) networkId = judgeNetwork(networkId, words);
    offsetMs = medianOffsetMs(words) ?? offsetMs;
    const id = networkId === null ? null : toHex(networkId);
    return words.filter((word) => word.id === id).map((word) => word.node);
  }

  async function save(from: LimitedDht): Promise<void> {
    clock.clearTimeout(saving);
    saving = null;
    if (options.folder === null) return;
    await writeHeld(disk, options.folder, { ...from.held(), nodes: from.toArray().slice(0, SAVED_NODES_MAX) });
  }

  function joined(): LimitedDht {
    if (dht === null) throw new BitDustError('DIRECTORY_UNREACHABLE', 'The directory is not joined.');
    return dht;
  }

  function isAlone(from: LimitedDht): boolean {
    return bootstrap.length === 0 && from.toArray().length === 0;
  }

  /** A query that nobody answered counts, unless there is nobody else in a network we founded. */
  function requireAnswers(from: LimitedDht, answers: number): void {
    if (answers === 0 && !isAlone(from)) throw new BitDustError('DIRECTORY_UNREACHABLE');
  }

  function noteSeen(nodes: readonly NodeAddress[]): number {
    const now = clock.now();
    for (const { host, port } of nodes) seen.set(`${host}:${port}`, now);
    for (const [address, at] of seen) {
      if (now - at > KNOWN_FOR_MS || seen.size > KNOWN_NODES_MAX) seen.delete(address);
    }
    return seen.size;
  }

  return {
    async join(signal) {
      const current = dht ?? (await open(signal));
      networkId ??= random.bytes(32);
      current.network = { id: networkId, name: options.networkName ?? '' };
      dht = current;
      const nodes = current.toArray();
      noteSeen(nodes);
      return { networkId, neighbours: nodes.length };
    },

    async health() {
      const current = joined();
      const query = current.findNode(current.table.id, QUERY);
      const reached: NodeAddress[] = [];
      const deadline = new AbortController();
      const timer = clock.setTimeout(() => deadline.abort(new BitDustError('DIRECTORY_UNREACHABLE')), 8_000);
      try {
        await finish<{ from: NodeAddress }>(query, deadline.signal, ({ from }) => reached.push(from));
        offsetMs = medianOffsetMs(await askNetwork(current, { clock, signal: deadline.signal })) ?? offsetMs;
      } finally {
        clock.clearTimeout(timer);
      }
      return { neighbours: reached.length, known: noteSeen(reached) };
    },

    address() {
      const nat = dht?._nat;
      return nat?.host ? `${nat.host}:${options.port}` : null;
    },

    makeRecord: makeHyperdhtRecord,

    async put(record, signal) {
      const current = joined();
      requireValid(record, clock.now());
      current.keepRecord(record);
      try {
        await putRecord(current, record, signal);
      } catch (error) {
        if (!isAlone(current)) throw error;
      }
    },

    async get(publicKey, signal) {
      const current = joined();
      const groups = startGroups(current, () => random.fraction());
      const found = await getRecord(current, publicKey, { nowMs: clock.now(), groups, signal });
      const own = current.heldRecord(publicKey);
      if (own !== undefined && (found.record === undefined || own.sequence > found.record.sequence)) {
        const { sequence, value, signature } = own;
        return { record: { publicKey, sequence, value, signature }, holders: 0 };
      }
      if (found.record === undefined) requireAnswers(current, found.answers);
      return found.record === undefined ? undefined : { record: found.record, holders: found.holders };
    },

    async announce({ target, publicKey, sign, signal }) {
      const current = joined();
      const owner = { publicKey: Buffer.from(publicKey), sign: checkedSign(publicKey, sign) };
      try {
        await finish(current.announce(Buffer.from(target), owner, [], QUERY), signal, () => undefined);
      } catch (error) {
        if (!isAlone(current)) throw error;
      }
      current.keepAnnounce({ target, publicKey, atMs: clock.now() });
    },

    async unannounce({ target, publicKey, sign, signal }) {
      const current = joined();
      current.dropAnnounce(target, publicKey);
      const owner = { publicKey: Buffer.from(publicKey), sign: checkedSign(publicKey, sign) };
      const query = current.lookupAndUnannounce(Buffer.from(target), owner, QUERY);
      await finish(query, signal, () => undefined).catch((error: unknown) => {
        if (!isAlone(current)) throw error;
      });
    },

    async lookUp(target, signal) {
      const current = joined();
      const groups = startGroups(current, () => random.fraction());
      const { keys, flooded, answers } = await lookUpKeys(current, target, { groups, signal });
      for (const key of current.heldAnnounces(target)) keys.set(toHex(key), key);
      if (keys.size === 0) requireAnswers(current, answers);
      return { keys: [...keys.values()], flooded };
    },

    clockOffsetMs: () => offsetMs,

    async leave() {
      const leaving = dht;
      dht = null;
      if (leaving === null) return;
      await save(leaving);
      await leaving.destroy({ force: true }).catch(() => undefined);
    },
  };
}

/** Nobody tells a writer that his signature was refused, so a wrong one is noticed here. */
function checkedSign(publicKey: Uint8Array, sign: (message: Uint8Array) => Uint8Array) {
  return (message: Uint8Array): Uint8Array => {
    const signature = sign(message);
    if (!verify(publicKey, message, signature)) throw new BitDustError('SIGNATURE_INVALID');
    return Buffer.from(signature);
  };
}

function requireValid(record: DirectoryRecord, nowMs: number): void {
  const refusal = refuseRecord({ sequence: record.sequence, bytes: record.value.length, nowMs });
  if (refusal !== null) throw new BitDustError('RECORD_INVALID', undefined, { details: { refusal } });
  if (!isRecordSigned(record)) throw new BitDustError('SIGNATURE_INVALID');
}

function parseBootstrap(options: DirectoryOptions): NodeAddress[] {
  // Without the list, hyperdht joins the public network: never by an omission.
  if (!Array.isArray(options.bootstrap)) throw new BitDustError('BAD_INPUT', 'A directory needs its bootstrap list.');
  if (!Number.isInteger(options.port) || options.port < 1 || options.port > 65_535) {
    throw new BitDustError('BAD_INPUT', 'A directory needs a UDP port from 1 to 65535.');
  }
  return options.bootstrap.map((address) => {
    const [host, port] = [
      address.slice(0, address.lastIndexOf(':')),
      Number(address.slice(address.lastIndexOf(':') + 1)),
    ];
    if (host === '' || !Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new BitDustError('BAD_INPUT', `A bootstrap address is host:port, and this is not: ${address}`);
    }
    return { host, port };
  });
}

/** The address we know to be ours: the one we are bound to; a founder on all interfaces takes the first that leads out. */
function ownHost(host: string, isFounder: boolean): string | null {
  if (host !== '0.0.0.0') return host;
  if (!isFounder) return null;
  const outside = Object.values(networkInterfaces()).flat();
  return outside.find((entry) => entry?.family === 'IPv4' && !entry.internal)?.address ?? '127.0.0.1';
}

async function abortable<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
    work.catch(() => undefined);
  }
}
