import type { Bus } from '../../bus/bus.ts';
import { supplierInventoryWith } from '../../machines/suppliers/supplier-inventory.machine.ts';
import type { Reconciled } from '../../machines/suppliers/supplier-inventory.ports.ts';
import type { Health } from '../../ports/health.ts';
import type { Self } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { OrderLog } from '../../ports/order-logs.ts';
import type { ActorRuntime, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes, toHex } from '../../protocol/hash.ts';
import type { BlockId, DeviceId } from '../../protocol/ids.ts';
import { createInventoryHasher } from '../../protocol/inventory.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import type { SeatTable } from './seat-table.ts';

export interface SupplierInventoryNeeds {
  readonly bus: Bus;
  readonly self: Self;
  readonly runtime: ActorRuntime;
  readonly random: Random;
  readonly messenger: Messenger;
  readonly log: Pick<OrderLog, 'blocks'>;
  readonly health: Health;
  readonly seats: SeatTable;
  readonly challenge: (options: {
    readonly seat: number;
    readonly block: BlockId;
    readonly signal: AbortSignal;
  }) => Promise<boolean>;
  readonly isOnline: (device: DeviceId) => boolean;
  /** His seat is to be filled; its row says so already. */
  readonly onCondemned: (device: DeviceId) => void;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface SupplierInventory extends Service {
  open(seat: number): void;
  close(device: DeviceId): void;
  take(device: DeviceId): void;
  /** His inventory was taken since he was last away. */
  isProven(device: DeviceId): boolean;
}

const INVENTORIES_MAX = 256;
const ANSWER_MS = 15_000;
/** Questions of one round; who answers with ever more parts is not compared further. */
const SPANS_MAX = 4_096;
/** Pieces thought missing that he says he has are challenged, so many a round; the rest is found by repair. */
const CLAIMS_MAX = 32;

interface Span {
  readonly from: Uint8Array | null;
  readonly before: Uint8Array | null;
}

/** Wires `supplier-inventory`: digests over spans of block ids, losses into the health table, one challenge after an absence. */
export function createSupplierInventory(needs: SupplierInventoryNeeds): SupplierInventory {
  const { bus, health, seats } = needs;
  const proven = new Set<DeviceId>();
  const rounds = new Map<DeviceId, { readonly open: Span[]; asked: number; claims: number }>();

  /** What he should hold, in the order of both sides' digests. */
  async function expected(seat: number, span: Span): Promise<BlockId[]> {
    const blocks: BlockId[] = [];
    const from = span.from ? toHex(span.from) : undefined;
    const before = span.before ? toHex(span.before) : undefined;
    for (const state of ['held', 'away'] as const) {
      for await (const block of health.blocksOfSeat(seat, state)) {
        if ((from === undefined || block >= from) && (before === undefined || block < before)) blocks.push(block);
      }
    }
    return blocks.sort();
  }

  async function ask(device: DeviceId, span: Span, signal: AbortSignal) {
    const seat = seats.ofDevice(device)?.seat ?? -1;
    const blocks = await expected(seat, span);
    const hasher = createInventoryHasher();
    for (const block of blocks) hasher.add(block, seat);
    const { count, digest } = hasher.finish();
    const answer = await needs.messenger.request(
      device,
      'ListFiles',
      { ask: 'span', from: span.from, before: span.before, count, digest },
      { signal, deadlineMs: ANSWER_MS, owner: needs.self.person },
    );
    return { seat, blocks, payload: answer.payload };
  }

  async function reconcileSpan(
    device: DeviceId,
    span: Span,
    signal: AbortSignal,
  ): Promise<{ missing: number; strange: number; more: Span[] }> {
    const { seat, blocks, payload } = await ask(device, span, signal);
    if (payload['kind'] === 'equal') return { missing: 0, strange: 0, more: [] };
    if (payload['kind'] === 'parts') {
      const parts = payload['parts'] as readonly Span[];
      return { missing: 0, strange: 0, more: smallerParts(span, parts) };
    }
    if (payload['kind'] !== 'pieces') throw new BitDustError('ENCODING_INVALID', 'a span was asked for');
    const next = nextAfter(span, (payload['next'] as Uint8Array | null) ?? null);
    const upTo = next ? toHex(next) : undefined;
    const isAsked = (block: BlockId): boolean =>
      (span.from === null || block >= toHex(span.from)) &&
      (span.before === null || block < toHex(span.before)) &&
      (upTo === undefined || block < upTo);
    const his = new Set(piecesOf(payload['pieces'] as Uint8Array, seat).filter(isAsked));
    const expectedHere = new Set(blocks);
    const missing = blocks.filter((block) => !his.has(block) && isAsked(block));
    const extra = [...his].filter((block) => !expectedHere.has(block));
    const named = await needs.log.blocks(extra);
    const known = extra.filter((_, index) => named[index]?.seats.includes(seat));
    if (missing.length > 0) await health.pieceLost(seat, missing);
    await proveClaims({ device, seat, blocks: known, signal });
    const more = next ? [{ from: next, before: span.before }] : [];
    return { missing: missing.length, strange: extra.length - known.length, more };
  }

  /** What he says he has in place of a lost or owed piece counts only when he proves it. */
  async function proveClaims(claim: {
    readonly device: DeviceId;
    readonly seat: number;
    readonly blocks: readonly BlockId[];
    readonly signal: AbortSignal;
  }): Promise<void> {
    const { seat, signal } = claim;
    const round = rounds.get(claim.device);
    for (const block of claim.blocks) {
      const state = (await health.block(block))?.pieces.find((piece) => piece.seat === seat)?.state;
      if ((state !== 'lost' && state !== 'owed') || !round || round.claims >= CLAIMS_MAX) continue;
      round.claims += 1;
      if (await needs.challenge({ seat, block, signal })) await health.pieceHeld(seat, [block]);
    }
  }

  const pool = new ActorPool({
    machine: supplierInventoryWith({
      fetchDigest: async ({ supplier }, signal) => {
        const { payload } = await ask(supplier, { from: null, before: null }, signal);
        return { equal: payload['kind'] === 'equal' };
      },
      reconcile: async ({ supplier, cursor }, signal): Promise<Reconciled> => {
        const whole: Span = { from: null, before: null };
        const round = (cursor === null ? undefined : rounds.get(supplier)) ?? { open: [whole], asked: 0, claims: 0 };
        rounds.set(supplier, round);
        const span = round.open.shift();
        if (!span) return { cursor: null, missing: 0, strange: 0 };
        round.asked += 1;
        const { missing, strange, more } = await reconcileSpan(supplier, span, signal);
        round.open.unshift(...more);
        if (round.asked + round.open.length > SPANS_MAX) throw new BitDustError('TOO_LARGE');
        return { cursor: round.open.length === 0 ? null : String(round.asked), missing, strange };
      },
      sample: async ({ supplier }, signal) => {
        const seat = seats.ofDevice(supplier)?.seat ?? -1;
        const blocks = await expected(seat, { from: null, before: null });
        if (blocks.length === 0) return 'nothing';
        const block = blocks[Math.floor(needs.random.fraction() * blocks.length)]!;
        try {
          if (await needs.challenge({ seat, block, signal })) return 'passed';
        } catch {
          return 'silent';
        }
        await health.pieceLost(seat, [block]);
        return 'failed';
      },
      condemn: async ({ supplier }) => {
        await seats.change(seats.ofDevice(supplier)?.seat ?? -1, (row) => ({ ...row, refused: 'unproven' }));
        needs.onCondemned(supplier);
      },
      saveInventory: async ({ supplier }) => {
        proven.add(supplier);
        await seats.save();
      },
    }),
    runtime: needs.runtime,
    actorsMax: INVENTORIES_MAX,
    onEmit: (fact) => bus.publish(fact),
    onFailure: needs.onFailure,
  });

  let unsubscribe: () => void = () => undefined;

  function open(seat: number): void {
    const row = seats.get(seat);
    if (!row) return;
    const seed = Math.floor(needs.random.fraction() * 2 ** 31);
    pool.open(row.device, { supplier: row.device, wasAway: row.away, online: needs.isOnline(row.device), seed });
  }

  return {
    start() {
      unsubscribe = bus.subscribe(
        ['supplier.connected', 'contact.went-offline', 'supplier.confessed', 'seat.became-away', 'log.in-sync'],
        (fact) => {
          if (fact.type === 'log.in-sync') return;
          const device = fact.type === 'contact.went-offline' ? fact.peer : fact.supplier;
          if (fact.type === 'contact.went-offline' || fact.type === 'seat.became-away') proven.delete(device);
          if (fact.type === 'supplier.connected' && !pool.get(device)) open(seats.ofDevice(device)?.seat ?? -1);
          pool.send(device, fact);
        },
      );
    },
    stop() {
      unsubscribe();
      pool.closeAll();
    },
    open,
    close(device) {
      pool.close(device);
      proven.delete(device);
      rounds.delete(device);
    },
    take: (device) => void pool.send(device, { type: 'take' }),
    isProven: (device) => proven.has(device),
  };
}

/** Parts that lie in order within the span and are each smaller, or the answer leads nowhere. */
function smallerParts(span: Span, parts: readonly Span[]): Span[] {
  const same = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
    a === null || b === null ? a === b : equalBytes(a, b);
  const fits =
    parts.length > 1 &&
    same(parts[0]!.from, span.from) &&
    same(parts.at(-1)!.before, span.before) &&
    parts.every(({ from, before }, index) => {
      const follows = index === 0 || same(from, parts[index - 1]!.before);
      return follows && (from === null || before === null || toHex(from) < toHex(before));
    }) &&
    parts.slice(1).every(({ from }) => from !== null && isInside(span, from));
  if (!fits) throw new BitDustError('ENCODING_INVALID', 'the parts are not those of the span');
  return parts.map(({ from, before }) => ({ from, before }));
}

/** The first block left out, which must be further on. */
function nextAfter(span: Span, next: Uint8Array | null): Uint8Array | null {
  if (next !== null && !isInside(span, next)) throw new BitDustError('ENCODING_INVALID', 'the answer goes backwards');
  return next;
}

/** Behind the first block of the span, and before its end. */
function isInside({ from, before }: Span, block: Uint8Array): boolean {
  const at = toHex(block);
  return (from === null || at > toHex(from)) && (before === null || at < toHex(before));
}

/** Blocks of the seat in an answer of 33 bytes a piece. */
function piecesOf(packed: Uint8Array, seat: number): BlockId[] {
  const blocks: BlockId[] = [];
  for (let at = 0; at + 33 <= packed.length; at += 33) {
    if (packed[at + 32] === seat) blocks.push(toHex(packed.subarray(at, at + 32)));
  }
  return blocks;
}
