import HyperDHT, { type DhtRequest, type NodeAddress } from 'hyperdht';
import messages from 'hyperdht/lib/messages.js';
import type { DirectoryRecord } from '../../ports/directory.ts';
import {
  addressRange,
  addressSource,
  createDirectoryGate,
  DIRECTORY_REFUSALS,
  type DirectoryGate,
  type DirectoryRefusal,
  dropOldest,
  refuseRecord,
} from '../../protocol/directory-rules.ts';
import { toHex } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { HeldAnnounce, HeldRecord } from './held-records.ts';
import {
  COMMANDS,
  decodeMessage,
  encodeMessage,
  encodeNetworkAnswer,
  isRecordSigned,
  NETWORK_REQUEST_BYTES,
} from './wire.ts';

export interface LimitedDhtOptions {
  readonly host: string;
  readonly port: number;
  /** The address others see us at, when it is known beforehand. */
  readonly ownHost: string | null;
  readonly bootstrap: readonly NodeAddress[];
  readonly now: () => number;
  /** Called when something held was added, so that it can be saved. */
  readonly onHeld: () => void;
}

/**
 * A node of the directory that serves records, announces and the network's id, within limits for each source. All that
 * it stores is also kept here, by key, so that it can be written to disk and given back after a restart.
 */
export class LimitedDht extends HyperDHT {
  /** Null until the id is pinned; nobody is told an id that we have not checked. */
  network: { readonly id: Uint8Array; readonly name: string } | null = null;
  readonly #gate: DirectoryGate = createDirectoryGate();
  readonly #now: () => number;
  readonly #onHeld: () => void;
  readonly #records = new Map<string, HeldRecord>();
  readonly #announces = new Map<string, HeldAnnounce>();

  constructor(options: LimitedDhtOptions) {
    super({
      host: options.host,
      port: options.port,
      anyPort: false,
      bootstrap: options.bootstrap,
      ephemeral: false,
      firewalled: false,
      maxAge: LIMITS.directoryRecordLifeMs.value,
      maxSize: LIMITS.directoryHeldMax.value * 2,
    });
    this.#now = options.now;
    this.#onHeld = options.onHeld;
    // With our own address known we are a full node at once; else only after enough neighbours have told it.
    if (options.ownHost !== null) this._nat.add(options.ownHost, options.port);
  }

  override onrequest(request: DhtRequest): boolean {
    const refusal = this.#refuse(request);
    if (refusal === null) return this.#serve(request);
    request.error(DIRECTORY_REFUSALS[refusal], { closerNodes: false });
    return true;
  }

  /** Stores a record here as if it had been put by somebody; false when a newer one is held. */
  keepRecord(record: DirectoryRecord, atMs = this.#now()): boolean {
    if (this._persistent === null || !isRecordSigned(record)) return false;
    const held = this.heldRecord(record.publicKey);
    if (held !== undefined && held.sequence > record.sequence) return false;
    const target = toHex(HyperDHT.hash(Buffer.from(record.publicKey)));
    const { sequence, value, signature } = record;
    const entry = encodeMessage(messages.mutableGetResponse, { seq: sequence, value, signature });
    this._persistent.mutables.set(target, entry);
    this.#remember(this.#records, target, { ...record, atMs });
    return true;
  }

  keepAnnounce(announce: HeldAnnounce): void {
    const { target, publicKey } = announce;
    const record = encodeMessage(messages.peer, { publicKey, relayAddresses: [] });
    this._persistent?.records.add(toHex(target), Buffer.from(publicKey), record);
    this.#remember(this.#announces, toHex(target) + toHex(publicKey), announce);
  }

  dropAnnounce(target: Uint8Array, publicKey: Uint8Array): void {
    this._persistent?.records.remove(toHex(target), Buffer.from(publicKey));
    this.#announces.delete(toHex(target) + toHex(publicKey));
  }

  heldRecord(publicKey: Uint8Array): HeldRecord | undefined {
    return this.#records.get(toHex(HyperDHT.hash(Buffer.from(publicKey))));
  }

  /** Keys held under the target, at most as many as an answer carries. */
  heldAnnounces(target: Uint8Array): Uint8Array[] {
    const found = this._persistent?.records.get(toHex(target), LIMITS.directoryAnswerKeysMax.value) ?? [];
    return found.map((record) => Uint8Array.from(record.subarray(0, 32)));
  }

  held(): { readonly records: readonly HeldRecord[]; readonly announces: readonly HeldAnnounce[] } {
    const since = this.#now() - LIMITS.directoryRecordLifeMs.value;
    forget(this.#records, since);
    forget(this.#announces, since);
    return { records: [...this.#records.values()], announces: [...this.#announces.values()] };
  }

  #remember<Entry>(table: Map<string, Entry>, key: string, entry: Entry): void {
    table.delete(key);
    table.set(key, entry);
    dropOldest(table, LIMITS.directoryHeldMax.value);
    this.#onHeld();
  }

  #refuse(request: DhtRequest): DirectoryRefusal | null {
    const { host, port } = request.from;
    if (!this.#gate.admitRequest(addressSource(host, port), this.#now())) return 'too-fast';
    switch (request.command) {
      case COMMANDS.lookup:
      case COMMANDS.mutableGet:
      case COMMANDS.unannounce:
        return request.target === null ? 'malformed' : null;
      case COMMANDS.mutablePut:
        return this.#refusePut(request);
      case COMMANDS.announce:
        return this.#refuseAnnounce(request);
      case COMMANDS.network:
        return (request.value?.length ?? 0) < NETWORK_REQUEST_BYTES ? 'malformed' : null;
      default:
        return 'not-served';
    }
  }

  #refusePut(request: DhtRequest): DirectoryRefusal | null {
    const put = decodeMessage(messages.mutablePutRequest, request.value);
    if (put === null || put.value === null || request.token === null) return 'malformed';
    const refusal = refuseRecord({ sequence: put.seq, bytes: put.value.length, nowMs: this.#now() });
    if (refusal !== null) return refusal;
    const { host, port } = request.from;
    return this.#gate.admitPut(addressSource(host, port), this.#now()) ? null : 'too-many';
  }

  #refuseAnnounce(request: DhtRequest): DirectoryRefusal | null {
    const announce = decodeMessage(messages.announce, request.value);
    const peer = announce?.peer;
    if (request.target === null || request.token === null || !announce || !peer) return 'malformed';
    // Relays, refresh tokens and a key's own target belong to hole punching, which is not served here.
    if (announce.refresh !== null || peer.relayAddresses.length > 0) return 'not-served';
    if (toHex(HyperDHT.hash(peer.publicKey)) === toHex(request.target)) return 'not-served';
    const { host, port } = request.from;
    const admitted = this.#gate.admitAnnounce({
      range: addressRange(host, port),
      source: addressSource(host, port),
      target: toHex(request.target),
      key: toHex(peer.publicKey),
      nowMs: this.#now(),
    });
    return admitted ? null : 'too-many';
  }

  #serve(request: DhtRequest): boolean {
    if (request.command === COMMANDS.network) {
      if (this.network === null) return false;
      const answer = encodeNetworkAnswer({ ...this.network, timeMs: this.#now() });
      request.reply(answer, { token: false, closerNodes: false });
      return true;
    }
    const outcome = watchAnswer(request);
    const isKnown = super.onrequest(request);
    // The library says nothing to a bad signature; an error spares an honest writer the wait.
    if (isKnown && outcome() === 'none') request.error(DIRECTORY_REFUSALS.malformed, { closerNodes: false });
    if (isKnown && outcome() === 'replied') this.#noteStored(request);
    return isKnown;
  }

  #noteStored(request: DhtRequest): void {
    const atMs = this.#now();
    if (request.command === COMMANDS.mutablePut) {
      const put = decodeMessage(messages.mutablePutRequest, request.value);
      if (put === null || request.target === null) return;
      const { publicKey, seq, value, signature } = put;
      this.#remember(this.#records, toHex(request.target), {
        publicKey: Uint8Array.from(publicKey),
        sequence: seq,
        value: Uint8Array.from(value),
        signature: Uint8Array.from(signature),
        atMs,
      });
      return;
    }
    const peer = decodeMessage(messages.announce, request.value)?.peer;
    if (!peer || request.target === null) return;
    const key = toHex(request.target) + toHex(peer.publicKey);
    if (request.command === COMMANDS.unannounce) this.#announces.delete(key);
    if (request.command !== COMMANDS.announce) return;
    const publicKey = Uint8Array.from(peer.publicKey);
    this.#remember(this.#announces, key, { target: Uint8Array.from(request.target), publicKey, atMs });
  }
}

function watchAnswer(request: DhtRequest): () => 'none' | 'replied' | 'refused' {
  let outcome: 'none' | 'replied' | 'refused' = 'none';
  const { reply, error } = request;
  request.reply = (value, options) => {
    outcome = 'replied';
    reply.call(request, value, options);
  };
  request.error = (code, options) => {
    outcome = 'refused';
    error.call(request, code, options);
  };
  return () => outcome;
}

function forget(table: Map<string, { readonly atMs: number }>, sinceMs: number): void {
  for (const [key, entry] of table) if (entry.atMs < sinceMs) table.delete(key);
}
