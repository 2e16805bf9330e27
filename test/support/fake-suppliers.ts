import type { Contacts } from '../../ports/contacts.ts';
import type { Self } from '../../ports/identity.ts';
import type { Messenger, ReceivedAnswer } from '../../ports/messenger.ts';
import type { Clock } from '../../ports/world.ts';
import { auditLeaves, makeProof, makeRefusal } from '../../protocol/audit.ts';
import { makeEvidence } from '../../protocol/audit-evidence.ts';
import { COMMANDS, type Command, checkAnswer, checkPayload } from '../../protocol/commands.ts';
import { acceptContract, parseContract } from '../../protocol/contract.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { concatBytes, equalBytes, sha256, toHex } from '../../protocol/hash.ts';
import { type BlockId, bytesOfBlock, type DeviceId } from '../../protocol/ids.ts';
import { createInventoryHasher } from '../../protocol/inventory.ts';
import { hashLeaves, LEAF_BYTES, leafCount, rangePath } from '../../protocol/piece-tree.ts';
import { pause } from '../../services/kit/pause.ts';
import { untilAborted } from '../../services/kit/until-aborted.ts';
import { selfOf } from './self.ts';

/** A supplier in memory, honest until its switches are turned. */
export interface FakeSupplier {
  readonly self: Self;
  readonly device: DeviceId;
  online: boolean;
  /** Answers never come. */
  silent: boolean;
  /** Before every answer. */
  delayMs: number;
  refuses: string | null;
  /** Serves wrong bytes, with a path that does not fit. */
  lies: boolean;
  roomBytes: number;
  readonly pieces: Map<string, Uint8Array>;
  readonly asked: Command[];
  readonly ended: string[];
}

const keyOf = (block: BlockId, seat: number): string => `${block}:${seat}`;

/** Suppliers by device, the messenger that reaches them, and their presence. */
export function fakeSuppliers(needs: { readonly owner: Self; readonly clock: Clock }) {
  const { owner, clock } = needs;
  const all = new Map<DeviceId, FakeSupplier>();

  function add(name: string): FakeSupplier {
    const self = selfOf(name);
    const supplier: FakeSupplier = {
      self,
      device: self.device,
      online: true,
      silent: false,
      delayMs: 20,
      refuses: null,
      lies: false,
      roomBytes: 2 ** 40,
      pieces: new Map(),
      asked: [],
      ended: [],
    };
    all.set(self.device, supplier);
    return supplier;
  }

  const blocksOf = (supplier: FakeSupplier) =>
    [...supplier.pieces.keys()].map((key) => ({ block: key.slice(0, 64), seat: Number(key.slice(65)) }));

  function requestService(supplier: FakeSupplier, payload: Readonly<Record<string, unknown>>) {
    const draft = parseContract(payload['draft'] as Uint8Array);
    const reason = supplier.refuses ?? (draft.bytes > supplier.roomBytes ? 'no-space' : null);
    if (reason !== null) return { payload: { accepted: false, reason, retryMs: null } };
    return { payload: { accepted: true, contract: acceptContract(draft.statement, supplier.self.signer).bytes } };
  }

  function listFiles(supplier: FakeSupplier, payload: Readonly<Record<string, unknown>>) {
    const ask = payload as { from: Uint8Array | null; before: Uint8Array | null; digest: Uint8Array; count: number };
    const inSpan = blocksOf(supplier)
      .filter(({ block }) => ask.from === null || block >= toHex(ask.from))
      .filter(({ block }) => ask.before === null || block < toHex(ask.before))
      .sort((a, b) => (a.block < b.block ? -1 : 1));
    const hasher = createInventoryHasher();
    for (const { block, seat } of inSpan) hasher.add(block, seat);
    const { count, digest } = hasher.finish();
    if (equalBytes(digest, ask.digest)) return { payload: { kind: 'equal', count, bytes: 0 } };
    if (inSpan.length > 8) {
      const middle = bytesOfBlock(inSpan[inSpan.length >> 1]!.block);
      const part = { count: 0, bytes: 0, digest };
      const parts = [
        { from: ask.from, before: middle, ...part },
        { from: middle, before: ask.before, ...part },
      ];
      return { payload: { kind: 'parts', parts } };
    }
    const packed = concatBytes(
      ...inSpan.map(({ block, seat }) => concatBytes(bytesOfBlock(block), Uint8Array.of(seat))),
    );
    return { payload: { kind: 'pieces', pieces: packed, next: null } };
  }

  function retrieve(supplier: FakeSupplier, payload: Readonly<Record<string, unknown>>) {
    const [wanted] = payload['pieces'] as readonly { block: Uint8Array; seat: number; leaf: number; leaves: number }[];
    const piece = supplier.pieces.get(keyOf(toHex(wanted!.block), wanted!.seat));
    if (!piece) return { payload: { results: [{ result: 'PIECE_UNKNOWN' }] } };
    const leaves = Math.min(wanted!.leaves, leafCount(piece.length) - wanted!.leaf);
    const path = rangePath(hashLeaves(piece), { first: wanted!.leaf, count: leaves });
    const data = piece.slice(wanted!.leaf * LEAF_BYTES, (wanted!.leaf + leaves) * LEAF_BYTES);
    if (supplier.lies) data[0]! ^= 1;
    const stream = concatBytes(Uint8Array.of(0, path.length / 32), path, data);
    const result = { result: 'sent', length: piece.length, leaf: wanted!.leaf, leaves };
    return { payload: { results: [result] }, streams: [stream] };
  }

  function audit(supplier: FakeSupplier, payload: Readonly<Record<string, unknown>>) {
    const asked = payload as { block: Uint8Array; seat: number; nonce: Uint8Array; count: number };
    const { seat, nonce, count } = asked;
    const block = toHex(asked.block);
    const question = {
      network: owner.networkId,
      owner: owner.person,
      supplier: supplier.device,
      block,
      seat,
      nonce,
      count,
    };
    const stored = supplier.pieces.get(keyOf(block, seat));
    const common = { ...question, heads: [], at: clock.now() };
    if (!stored) {
      const { bytes } = makeRefusal({ ...common, reason: 'PIECE_UNKNOWN' }, supplier.self.signer);
      return { payload: { statement: bytes } };
    }
    const piece = supplier.lies ? stored.map((byte) => byte ^ 1) : stored;
    const leaves = auditLeaves({ nonce, count, leaves: leafCount(piece.length) }).map((index) => ({
      index,
      data: piece.slice(index * LEAF_BYTES, (index + 1) * LEAF_BYTES),
    }));
    const evidence = makeEvidence({ leafHashes: hashLeaves(piece), leaves });
    const { bytes } = makeProof({ ...common, evidence: toHex(sha256(evidence)) }, supplier.self.signer);
    return { payload: { statement: bytes }, streams: [evidence] };
  }

  async function store(supplier: FakeSupplier, payload: Readonly<Record<string, unknown>>, bytes: Uint8Array) {
    const [piece] = payload['pieces'] as readonly { block: Uint8Array; seat: number }[];
    supplier.pieces.set(keyOf(toHex(piece!.block), piece!.seat), bytes.slice());
    return { payload: { results: [{ block: piece!.block, seat: piece!.seat, result: 'stored' }] } };
  }

  async function answer(
    supplier: FakeSupplier,
    request: {
      readonly command: Command;
      readonly payload: Readonly<Record<string, unknown>>;
      readonly bytes: Uint8Array;
    },
  ): Promise<{ readonly payload: Readonly<Record<string, unknown>>; readonly streams?: readonly Uint8Array[] }> {
    const { command, payload } = request;
    if (command === 'RequestService') return requestService(supplier, payload);
    if (command === 'ListFiles') return listFiles(supplier, payload);
    if (command === 'Retrieve') return retrieve(supplier, payload);
    if (command === 'AuditPiece') return audit(supplier, payload);
    if (command === 'Data') return store(supplier, payload, request.bytes);
    if (command === 'CancelService') {
      supplier.ended.push(toHex(payload['contract'] as Uint8Array));
      return { payload: { receipt: new Uint8Array(1) } };
    }
    throw new BitDustError('NOT_ENTITLED');
  }

  const messenger: Messenger = {
    async request(peer, command, payload, { signal, deadlineMs, streams = [] }): Promise<ReceivedAnswer> {
      const supplier = all.get(peer);
      checkPayload(command, payload);
      supplier?.asked.push(command);
      if (!supplier?.online) throw new BitDustError('PEER_UNREACHABLE');
      if (supplier.silent) {
        await pause(clock, deadlineMs, signal);
        throw new BitDustError('PEER_SILENT');
      }
      if (supplier.delayMs > 0) await pause(clock, supplier.delayMs, signal);
      if (!supplier.online) throw new BitDustError('LINK_LOST');
      const parts: Uint8Array[] = [];
      for (const { bytes } of streams) if (bytes instanceof Uint8Array) parts.push(bytes);
      const given = await untilAborted(answer(supplier, { command, payload, bytes: concatBytes(...parts) }), signal);
      if (command !== 'CancelService') checkAnswer(command, COMMANDS[command].answer?.command ?? 'Ack', given.payload);
      return {
        payload: given.payload,
        streams: (given.streams ?? []).map((bytes) => ({
          length: bytes.length,
          async *read() {
            yield bytes;
          },
          collect: async () => bytes,
          cancel: () => undefined,
        })),
      };
    },
    handle: () => () => undefined,
    links: () => [],
    admitProver: () => undefined,
    connect: async () => undefined,
    announceIdentity: () => undefined,
  };

  const contacts: Contacts = {
    watch: () => () => undefined,
    isOnline: (device) => all.get(device)?.online ?? false,
    absentSince: () => null,
    greet: async (device) => {
      const supplier = all.get(device);
      return { outcome: supplier ? 'shaken' : 'unreachable', person: supplier?.self.person ?? null, revision: 1 };
    },
  };

  return { all, add, messenger, contacts };
}
