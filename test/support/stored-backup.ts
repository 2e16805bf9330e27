import { createBus } from '../../bus/bus.ts';
import type { Fact } from '../../bus/facts/index.ts';
import { VirtualClock } from '../../node/worlds/virtual-clock.ts';
import type { SeatView, Suppliers } from '../../ports/suppliers.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { createHealthTable } from '../../services/backup/health-table.ts';
import { createBlockRebuilders } from '../../services/rebuild/block-rebuilder.service.ts';
import { createBlockFetchers } from '../../services/restore/block-fetcher.service.ts';
import { createBlockSource } from '../../services/restore/block-source.ts';
import { challengePiece } from '../../services/suppliers/challenge.ts';
import { createSeatSpeeds } from '../../services/suppliers/seat-speeds.ts';
import { createInlineWorkers } from '../../storage/pipeline/inline-workers.ts';
import { createPipeline } from '../../storage/pipeline/pipeline.ts';
import { createMemoryStores } from '../../storage/records/memory.ts';
import { type Stored, storeFolder } from '../storage/pipeline/round-trip.ts';
import { seededRandom } from './clocks.ts';
import { type FakeSupplier, fakeSuppliers } from './fake-suppliers.ts';
import { fakeBlocks } from './health-log.ts';
import { selfOf } from './self.ts';
import { advanceSettled, settle } from './settle.ts';

/** A folder stored with the real pipeline on suppliers in memory, and the reading and repairing services over them. */
export async function storedBackup(options: { readonly root: string; readonly k: number; readonly n: number }) {
  const { root, k, n } = options;
  const clock = new VirtualClock({ startAt: 1_750_000_100_000 });
  const owner = selfOf('owner');
  const fakes = fakeSuppliers({ owner, clock });
  const seats: FakeSupplier[] = Array.from({ length: n }, (_, seat) => fakes.add(`seat${seat}`));
  const random = seededRandom('backup');
  const pipeline = createPipeline({ workers: createInlineWorkers((length) => random.bytes(length)) });
  const stored: Stored = await storeFolder(pipeline, { root, k, n });
  const log = fakeBlocks();
  const { records } = await createMemoryStores({ fraction: () => 0 })
    .engine()
    .open('health');
  const health = createHealthTable({ records, log, clock });
  for (const block of stored.blocks) {
    log.put({ block: block.block, k, n, size: block.size, roots: block.roots });
    for (const [seat, piece] of block.pieces.entries()) seats[seat]!.pieces.set(`${block.block}:${seat}`, piece);
  }
  await health.recount();
  const facts: Fact[] = [];
  const failures: unknown[] = [];
  const bus = createBus((error) => failures.push(error));
  bus.tap((fact) => facts.push(fact));
  const common = {
    bus,
    clock,
    random,
    self: owner,
    messenger: fakes.messenger,
    runtime: { clock, opened: () => undefined },
    onFailure: (_: string, error: unknown) => void failures.push(error),
  };
  const formers = new Map<number, DeviceId>();
  const suppliers: Pick<Suppliers, 'seat' | 'seats' | 'challenge' | 'noteStored' | 'wantRoom' | 'former'> = {
    seat: (seat) => {
      const supplier = seats[seat];
      const state = supplier?.online ? 'connected' : 'disconnected';
      return supplier && ({ seat, device: supplier.device, state, seenAt: 7, caughtUp: true } as SeatView);
    },
    seats: () => seats.map((_, seat) => suppliers.seat(seat)!),
    challenge: ({ seat, block, signal }) =>
      challengePiece({ ...common, log }, { supplier: seats[seat]!.device, seat, block, signal }),
    noteStored: () => undefined,
    wantRoom: () => undefined,
    former: (seat) => formers.get(seat) ?? null,
  };
  const speeds = createSeatSpeeds();
  const cache = new Map<string, Uint8Array>();
  const fetchers = createBlockFetchers({
    ...common,
    suppliers,
    health,
    speeds,
    cached: async (row) =>
      new Map(
        row.seats.flatMap((_, index) => {
          const bytes = cache.get(`${row.block}:${index}`);
          return bytes ? [[index, bytes] as const] : [];
        }),
      ),
  });
  const source = createBlockSource({ log, fetchers, pipeline });
  const rebuilders = createBlockRebuilders({ ...common, log, health, source, pipeline, suppliers });
  /** Moves time until the work has ended; gives its answer. */
  async function run<T>(work: Promise<T>, withinMs = 600_000): Promise<T> {
    let over = false;
    const end = (): void => {
      over = true;
    };
    work.then(end, end);
    const from = clock.now();
    for (let turn = 0; !over; turn += 1) {
      await settle();
      if (over || turn % 20 !== 19) continue;
      if (clock.now() - from > withinMs) throw new Error(`not over after ${withinMs} ms`);
      await advanceSettled(clock, 10);
    }
    return work;
  }
  return {
    ...common,
    ...fakes,
    seats,
    formers,
    pipeline,
    stored,
    log,
    health,
    facts,
    failures,
    suppliers,
    speeds,
    cache,
    fetchers,
    source,
    rebuilders,
    run,
    signal: new AbortController().signal,
    async timed<T>(work: () => Promise<T>): Promise<number> {
      const from = clock.now();
      await run(work());
      return clock.now() - from;
    },
  };
}
