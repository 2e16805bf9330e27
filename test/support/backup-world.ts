import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBus } from '../../bus/bus.ts';
import type { Fact } from '../../bus/facts/index.ts';
import { RealClock } from '../../node/worlds/real-clock.ts';
import type { BlockSource } from '../../ports/catalogue.ts';
import type { Disk } from '../../ports/disk.ts';
import type { Self } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { OrderLog } from '../../ports/order-logs.ts';
import type { Records } from '../../ports/records.ts';
import type { SeatView, Suppliers } from '../../ports/suppliers.ts';
import type { ActorRuntime } from '../../ports/world.ts';
import { rootOfPiece } from '../../protocol/block-record.ts';
import { equalBytes, toHex } from '../../protocol/hash.ts';
import { LABELS } from '../../protocol/labels.ts';
import { pieceRoot } from '../../protocol/piece-tree.ts';
import { createCustomerBackups } from '../../services/backup/customer-backups.ts';
import { createHealthTable } from '../../services/backup/health-table.ts';
import { createTaskTable } from '../../services/kit/task-table.ts';
import { createMemoryVolume } from '../../storage/disk/memory.ts';
import { createInlineWorkers } from '../../storage/pipeline/inline-workers.ts';
import { createPipeline } from '../../storage/pipeline/pipeline.ts';
import { createMemoryStores, type MemoryStores } from '../../storage/records/memory.ts';
import { deviceOf, OWNER } from './log-writer.ts';
import { countingRandom, OWN_SELF, openOwnLog, syncOf } from './own-backups.ts';

/** A supplier in memory: keeps pieces whose root is that of our log, and counts what it is sent. */
export class FakeSeat {
  readonly pieces = new Map<string, Uint8Array>();
  online = true;
  receivedBytes = 0;
  /** Bytes of pieces it had already: sent in vain. */
  repeatedBytes = 0;
  /** A code for every piece instead of keeping it. */
  refuse: string | null = null;
  readonly seat: number;

  constructor(seat: number) {
    this.seat = seat;
  }

  get device() {
    return deviceOf(100 + this.seat);
  }
}

type DataPiece = {
  readonly block: Uint8Array;
  readonly seat: number;
  readonly root: Uint8Array;
  readonly length: number;
};

/** Delivers `ListFiles` and `Data` to the seats as they are now. */
export function messengerOf(
  seats: readonly FakeSeat[],
  hooks: { readonly log: () => Pick<OrderLog, 'block'>; readonly moment: (name: string) => void },
): Pick<Messenger, 'request'> {
  async function store(seat: FakeSeat, piece: DataPiece, stream: { bytes: Uint8Array | AsyncIterable<Uint8Array> }) {
    const block = toHex(piece.block);
    const parts: Uint8Array[] = [];
    const bytes = stream.bytes instanceof Uint8Array ? [stream.bytes] : stream.bytes;
    for await (const part of bytes) parts.push(Uint8Array.from(part));
    const content = Uint8Array.from(Buffer.concat(parts));
    seat.receivedBytes += content.length;
    hooks.moment('received');
    if (seat.refuse !== null) return seat.refuse;
    const row = await hooks.log().block(block);
    if (row === undefined) return 'BLOCK_UNKNOWN';
    if (row.standing !== 'open' && row.standing !== 'committed') return 'BLOCK_BURIED';
    const index = row.seats.indexOf(seat.seat);
    if (index < 0) return 'SEAT_WRONG';
    if (!equalBytes(pieceRoot(LABELS.piece, content), rootOfPiece(row, index))) return 'PIECE_ROOT_WRONG';
    if (seat.pieces.has(block)) seat.repeatedBytes += content.length;
    seat.pieces.set(block, content);
    hooks.moment('kept');
    return 'stored';
  }

  return {
    async request(peer, command, payload, options) {
      const seat = seats.find(({ device }) => device === peer);
      options.signal.throwIfAborted();
      if (seat?.online !== true) throw new Error('nobody there');
      hooks.moment(`request ${command}`);
      const pieces = payload['pieces'] as readonly DataPiece[];
      if (command === 'ListFiles') {
        const standing = pieces.map(({ block }) => (seat.pieces.has(toHex(block)) ? 'have' : 'not'));
        return { payload: { kind: 'standing', standing }, streams: [] };
      }
      const results = [];
      for (const [index, piece] of pieces.entries()) {
        const result = await store(seat, piece, options.streams![index]!);
        results.push({ block: piece.block, seat: piece.seat, result });
      }
      hooks.moment('acknowledging');
      return { payload: { results }, streams: [] };
    },
  };
}

/** Suppliers as the seats are now, each a household of its own. */
export function suppliersOf(seats: readonly FakeSeat[], target = { k: null as number | null, n: 8 }): Suppliers {
  const view = ({ seat, device, online }: FakeSeat): SeatView => ({
    seat,
    person: null,
    device,
    state: online ? 'connected' : 'disconnected',
    since: 0,
    hiredAt: 0,
    seenAt: 0,
    contract: { bytes: 2 ** 40, usedBytes: 0, noticeUntil: null },
    reason: null,
    caughtUp: true,
    domain: `home ${seat}`,
  });
  return {
    seats: () => seats.map(view),
    seat: (seat) => seats.filter((row) => row.seat === seat).map(view)[0],
    target: () => target,
    seatsForBlock: () => seats.map(({ seat, device }) => ({ seat, device })),
    uptime: () => 0.8,
    wantRoom() {},
    room: () => 2 ** 40,
    noteStored() {},
    challenge: async () => true,
  };
}

/** Reads blocks back out of the seats. */
export function sourceOf(
  seats: readonly FakeSeat[],
  needs: { readonly log: () => OrderLog; readonly pipeline: ReturnType<typeof createPipeline> },
): BlockSource {
  async function readBlock({ block, signal }: { readonly block: string; readonly signal: AbortSignal }) {
    const row = (await needs.log().block(block))!;
    const pieces = new Map<number, Uint8Array>();
    for (const seat of seats) {
      const piece = seat.online ? seat.pieces.get(block) : undefined;
      if (piece !== undefined) pieces.set(row.seats.indexOf(seat.seat), piece);
    }
    const { bytes, decoded, release } = await needs.pipeline.decode({ shape: row, pieces, signal });
    const copy = bytes.slice();
    release();
    return { bytes: copy, decoded, fetchedBytes: row.size, release: () => undefined };
  }
  return {
    readBlock,
    readRange: async ({ block, offset, length, signal }) =>
      (await readBlock({ block, signal })).bytes.slice(offset, offset + length),
    async readChunk({ chunk, copies, signal }) {
      const [copy] = copies;
      const { bytes } = await readBlock({ block: copy!.block, signal });
      const { block: _, ...place } = copy!;
      return (
        await needs.pipeline.openChunks({ bytes, chunks: [{ chunk, copy: place, at: copy!.offset }], signal })
      )[0]!;
    },
    gather: async () => new Map(),
  };
}

export interface BackupWorldOptions {
  readonly seats?: number;
  readonly target?: { readonly k: number | null; readonly n: number };
  /** Called at named moments; a throw there ends what runs. */
  readonly moment?: (name: string) => void;
}

/** One customer over memory and seats in memory, on the real clock and a real source folder. It can be killed and started again. */
export async function createBackupWorld(options: BackupWorldOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'backup-'));
  const stores: MemoryStores = createMemoryStores({ fraction: () => 0.5 });
  const volume = createMemoryVolume({ fraction: () => 0.5 });
  const seats = Array.from({ length: options.seats ?? 8 }, (_, seat) => new FakeSeat(seat));
  const clock = new RealClock();
  const random = countingRandom();
  const facts: Fact[] = [];
  const runtime: ActorRuntime = { clock, opened() {} };
  const failures: unknown[] = [];
  let alive = { yes: true };

  /** Starts the process; another part is a machine without the local catalogue. */
  async function open(part = 'backup') {
    const run = { yes: true };
    alive = run;
    const { records }: { records: Records } = await stores.engine().open('home');
    const log = await openOwnLog(records.part('log'), clock);
    const bus = createBus((error) => failures.push(error));
    bus.tap((fact) => facts.push(fact));
    const health = createHealthTable({ records: records.part('health'), log, clock });
    await health.recount();
    const pipeline = createPipeline({ workers: createInlineWorkers((length) => random.bytes(length)) });
    const source = sourceOf(seats, { log: () => log, pipeline });
    const tasks = createTaskTable({ records: records.part('tasks'), clock });
    const suppliers = suppliersOf(seats, options.target);
    const messenger = messengerOf(seats, {
      log: () => log,
      moment: (name) => {
        if (!run.yes) throw new Error('the process is gone');
        options.moment?.(name);
      },
    });
    const backups = createCustomerBackups({
      ...{ bus, runtime, clock, random, suppliers, messenger, pipeline, tasks, health },
      self: OWN_SELF as Self,
      records: records.part(part),
      disk: withSources(volume.disk()),
      cacheFolder: '/cache',
      sync: syncOf(log),
      source: () => source,
      isLogKnown: () => true,
      isRemovalPaused: () => false,
      onFailure: (_key, error) => failures.push(error),
    });
    await backups.start();
    await until('the catalogue is known', () => backups.catalogue.state() === 'in-sync');
    return { ...backups, log, bus, health, pipeline, tasks, records, suppliers, source };
  }

  return {
    folder,
    seats,
    facts,
    failures,
    clock,
    owner: OWNER,
    open,
    /** Ends the process at once: nothing of it is written or sent any more. */
    kill() {
      alive.yes = false;
      stores.kill();
      volume.kill();
    },
    receivedBytes: () => seats.reduce((sum, seat) => sum + seat.receivedBytes, 0),
    repeatedBytes: () => seats.reduce((sum, seat) => sum + seat.repeatedBytes, 0),
    end() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The disk of the node in memory, and what is to be stored as it really is. */
function withSources(disk: Disk): Disk {
  return {
    ...disk,
    async stat(path) {
      if (!path.startsWith(tmpdir())) return disk.stat(path);
      const found = statSync(path, { throwIfNoEntry: false });
      return found && { kind: 'folder', size: 0, mode: found.mode & 0o777, mtimeMs: found.mtimeMs };
    },
  };
}

/** Waits for a condition of the real world; fails after so long. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const started = Date.now();
  while (!(await holds())) {
    if (Date.now() - started > withinMs) throw new Error(`still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
