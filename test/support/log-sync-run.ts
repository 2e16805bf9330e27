import assert from 'node:assert/strict';
import { createBus } from '../../bus/bus.ts';
import type { Fact } from '../../bus/facts/index.ts';
import { VirtualClock } from '../../node/worlds/virtual-clock.ts';
import type { SeatView } from '../../ports/suppliers.ts';
import { makeFamily } from '../../protocol/family.ts';
import { personIdFrom } from '../../protocol/ids.ts';
import { createLogSynchronizer } from '../../services/backup/log-synchronizer.service.ts';
import { createMemoryStores } from '../../storage/records/memory.ts';
import { createFakeSeats } from './log-seats.ts';
import { createLogHolder, type LogHolder } from './log-stores.ts';
import { deviceOf, keyOf, NETWORK, OWNER } from './log-writer.ts';
import { advanceSettled, settle } from './settle.ts';

/** Keys of the seats unless others are named. */
export const SEATS = [20, 21, 22];
/** An entry that changes nothing that matters. */
export const PIN = { kind: 'unpin', body: { task: 'x' } } as const;

/** Gives the log a family of these seats. */
export async function putFamily(
  log: { putFamily(bytes: Uint8Array): Promise<unknown> },
  numbers: readonly number[],
  version = 1,
  prev: string | null = null,
) {
  const seats = numbers.map((number, seat) => ({
    seat,
    person: personIdFrom(keyOf(number + 50).publicKey),
    device: deviceOf(number),
  }));
  const family = {
    network: NETWORK,
    owner: OWNER,
    device: deviceOf(10),
    revision: 1,
    version,
    prev,
    seats,
    warrantEpoch: 0,
  };
  const { bytes } = makeFamily(family, keyOf(10));
  await log.putFamily(bytes);
  return bytes;
}

/** The log-synchronizer of an owner with seats that answer in memory. */
export async function runLogSync(
  options: {
    readonly seats?: readonly number[];
    readonly holder?: LogHolder;
    readonly records?: ReturnType<typeof createMemoryStores>;
    readonly fakes?: Awaited<ReturnType<typeof createFakeSeats>>;
  } = {},
) {
  const holder = options.holder ?? createLogHolder({ author: 10 });
  const records = options.records ?? createMemoryStores({ fraction: () => 0 });
  const log = await (await holder.open()).logs.own();
  const numbers = options.seats ?? SEATS;
  const fakes = options.fakes ?? (await createFakeSeats(numbers));
  const clock = new VirtualClock({ startAt: 1_000_000 });
  const facts: Fact[] = [];
  const failures: unknown[] = [];
  const bus = createBus((error) => failures.push(error));
  bus.tap((fact) => facts.push(fact));
  const views = new Map<number, Partial<SeatView>>();
  const sync = createLogSynchronizer({
    bus,
    runtime: { clock, opened: () => undefined },
    clock,
    random: { bytes: (length) => new Uint8Array(length), fraction: () => 0.5 },
    log,
    network: NETWORK,
    messenger: fakes.messenger,
    suppliers: { seat: (seat) => ({ state: 'connected', since: 0, ...views.get(seat) }) as SeatView },
    records: (await records.engine().open('sync')).records,
    documents: () => {
      const family = log.family();
      return family === undefined ? [] : [{ name: 'family', version: family.version, bytes: family.bytes }];
    },
    graceMs: () => 86_400_000,
    forgotten: async () => new Set(),
    onFailure: (_, error) => failures.push(error),
  });
  const never = new AbortController().signal;
  return {
    ...fakes,
    holder,
    log,
    sync,
    clock,
    bus,
    facts,
    failures,
    views,
    never,
    records,
    fakes,
    types: () => facts.map(({ type }) => type),
    advance: (ms: number) => advanceSettled(clock, ms),
    async until(condition: () => boolean) {
      for (let i = 0; i < 500 && !condition(); i += 1) await settle();
      assert.ok(condition(), `not reached: ${facts.map(({ type }) => type)}`);
    },
  };
}
