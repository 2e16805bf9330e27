import type { OrderStands, PieceOffer, PieceStore } from '../../ports/pieces.ts';
import type { RecordStore } from '../../ports/records.ts';
import type { Clock } from '../../ports/world.ts';
import { toHex } from '../../protocol/hash.ts';
import { deviceIdFrom, type PersonId, personIdFrom } from '../../protocol/ids.ts';
import { LABELS } from '../../protocol/labels.ts';
import { pieceRoot } from '../../protocol/piece-tree.ts';
import { createMemoryVolume, type MemoryVolume } from '../../storage/disk/memory.ts';
import type { CrashPoint } from '../../storage/pieces/crash-points.ts';
import { openPieceStore } from '../../storage/pieces/piece-store.ts';
import { createMemoryStores, type MemoryStores } from '../../storage/records/memory.ts';
import { seededFraction } from './fraction.ts';

export const DAY_MS = 86_400_000;
export const MIB = 1024 * 1024;

/** Deterministic bytes. */
export function bytesOf(seed: number, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = Math.imul(seed + 1, 2654435761) | 1;
  for (let at = 0; at < words.length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

export const alice: PersonId = personIdFrom(bytesOf(1, 32));
export const bob: PersonId = personIdFrom(bytesOf(2, 32));

/** A piece with its payload. */
export interface SamplePiece {
  readonly offer: PieceOffer;
  readonly payload: Uint8Array;
}

/** A piece of its own for each seed. */
export function pieceOf(seed: number, length: number, customer: PersonId = alice): SamplePiece {
  const payload = bytesOf(seed + 1000, length);
  return {
    payload,
    offer: {
      customer,
      block: toHex(bytesOf(seed + 2000, 32)),
      seat: seed % 64,
      root: pieceRoot(LABELS.piece, payload),
      length,
      order: { device: deviceIdFrom(bytesOf(3, 32)), log: toHex(bytesOf(4, 16)), seq: seed },
    },
  };
}

/** The payload in chunks of awkward sizes. */
export async function* streamOf(payload: Uint8Array, step = 10_007): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < payload.length; at += step) yield payload.subarray(at, at + step);
}

export async function joined(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

/** A supplier's machine in memory: its disk, its databases, its clock; the store on it may be opened again and again. */
export interface StoreMachine {
  readonly volume: MemoryVolume;
  readonly stores: MemoryStores;
  nowMs: number;
  orderStands: OrderStands;
  crashPoint: (name: CrashPoint) => void | Promise<void>;
  store: PieceStore;
  /** Opens store and database, as a start of the process does. */
  start(): Promise<PieceStore>;
  kill(): void;
  powerCut(): void;
  /** The index is lost, as after damage of the database. */
  loseIndex(): Promise<void>;
}

/** A machine with a store that granted `grantBytes` to alice and bob. */
export async function storeMachine(
  options: { readonly seed?: number; readonly grantBytes?: number } = {},
): Promise<StoreMachine> {
  const fraction = seededFraction(options.seed ?? 7);
  const volume = createMemoryVolume({ fraction });
  const stores = createMemoryStores({ fraction });
  await makeHome(volume);
  let database: RecordStore | undefined;
  const machine: StoreMachine = {
    volume,
    stores,
    nowMs: Date.UTC(2026, 4, 4, 12),
    orderStands: async () => true,
    crashPoint: () => {},
    store: undefined as unknown as PieceStore,
    async start() {
      database = await stores.engine().open('/home/db');
      machine.store = await openPieceStore({
        disk: volume.disk(),
        records: database.records.part('pieces'),
        folder: '/home/store',
        clock: clockOf(machine),
        random: { bytes: (length) => Uint8Array.from({ length }, () => fraction() * 256), fraction },
        orderStands: (header) => machine.orderStands(header),
        crashPoint: (name) => machine.crashPoint(name),
      });
      return machine.store;
    },
    kill() {
      volume.kill();
      stores.kill();
    },
    powerCut() {
      volume.powerCut();
      stores.powerCut();
    },
    async loseIndex() {
      stores.kill();
      volume.kill();
      await stores.engine().destroy('/home/db');
    },
  };
  await machine.start();
  const bytes = options.grantBytes ?? 256 * MIB;
  for (const customer of [alice, bob]) {
    await machine.store.grant({ customer, bytes, donatedBytes: 2 * bytes, contract: bytesOf(9, 100) });
  }
  return machine;
}

export async function storeAll(store: PieceStore, pieces: readonly SamplePiece[]): Promise<void> {
  await Promise.all(pieces.map(({ offer, payload }) => store.store(offer, streamOf(payload))));
}

async function makeHome(volume: MemoryVolume): Promise<void> {
  const disk = volume.disk();
  await disk.makeFolder('/home/store');
  await disk.syncFolder('/');
  await disk.syncFolder('/home');
}

function clockOf(machine: { readonly nowMs: number }): Clock {
  return {
    now: () => machine.nowMs,
    monotonic: () => machine.nowMs,
    // Waiting for others to join a group is a matter of turns here, not of time.
    setTimeout: (fire, delayMs) => setTimeout(fire, Math.min(delayMs, 1)),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  };
}
