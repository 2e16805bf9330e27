import { createBus } from '../../bus/bus.ts';
import type { Fact } from '../../bus/facts/index.ts';
import { VirtualClock } from '../../node/worlds/virtual-clock.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { createHealthTable } from '../../services/backup/health-table.ts';
import { createSuppliers } from '../../services/suppliers/suppliers.ts';
import { createOrderLogs } from '../../storage/order-logs/order-logs.ts';
import { createMemoryStores } from '../../storage/records/memory.ts';
import { seededRandom } from './clocks.ts';
import { type FakeSupplier, fakeSuppliers } from './fake-suppliers.ts';
import { selfOf } from './self.ts';
import { advanceSettled, settle } from './settle.ts';

/** A customer with suppliers in memory: the real services of chapter suppliers on a virtual clock. */
export async function hiringCustomer(
  options: { readonly willing?: number; readonly n?: number; readonly patienceMs?: number } = {},
) {
  const clock = new VirtualClock({ startAt: 1_750_000_100_000 });
  const owner = selfOf('owner');
  const fakes = fakeSuppliers({ owner, clock });
  const list: FakeSupplier[] = Array.from({ length: options.willing ?? 12 }, (_, index) => fakes.add(`s${index}`));
  const facts: Fact[] = [];
  const failures: unknown[] = [];
  const bus = createBus((error) => failures.push(error));
  bus.tap((fact) => facts.push(fact));
  const { records } = await createMemoryStores({ fraction: () => 0 })
    .engine()
    .open('node');
  const log = await createOrderLogs({
    records: records.part('log'),
    networkId: owner.networkId,
    clock,
    random: seededRandom('log'),
    identities: { get: () => undefined, lists: () => true },
    author: { person: owner.person, device: owner.device, signer: owner.signer, revision: () => 1 },
  }).own();
  const state = { networkUp: true, target: { k: null, n: options.n ?? 8 } as { k: number | null; n: number } };
  const lookUps: number[] = [];
  const open = async () => {
    const health = createHealthTable({ records: records.part('health'), log, clock });
    await health.recount();
    const suppliers = await createSuppliers({
      bus,
      self: owner,
      runtime: { clock, opened: () => undefined },
      clock,
      random: seededRandom('suppliers'),
      records: records.part('suppliers'),
      messenger: fakes.messenger,
      contacts: fakes.contacts,
      log,
      append: (drafts) => log.append(drafts),
      health,
      isCaughtUp: () => true,
      isNetworkUp: () => state.networkUp,
      lookUp: async ({ except, count }) => {
        lookUps.push(clock.now());
        return list
          .filter(({ device }) => !except.includes(device))
          .slice(0, count)
          .map(({ device, self }) => ({ device, person: self.person, domain: `home-${device}`, score: 1 }));
      },
      target: () => state.target,
      patienceMs: () => options.patienceMs ?? null,
      onFailure: (_, error) => failures.push(error),
    });
    return { health, suppliers };
  };
  const advance = (ms: number): Promise<void> => advanceSettled(clock, ms);
  const of = (device: DeviceId | null | undefined): FakeSupplier => fakes.all.get(device as DeviceId)!;

  return {
    ...fakes,
    clock,
    owner,
    bus,
    facts,
    failures,
    log,
    list,
    state,
    lookUps,
    open,
    advance,
    of,
    types: () => facts.map(({ type }) => type),
    async goOffline(device: DeviceId) {
      of(device).online = false;
      bus.publish({ type: 'contact.went-offline', peer: device });
      await settle();
    },
    async comeOnline(device: DeviceId) {
      of(device).online = true;
      bus.publish({ type: 'contact.came-online', peer: device });
      await settle();
    },
    /** Lets time pass until it is so; gives the milliseconds that took. */
    async until(condition: () => boolean, withinMs = 600_000): Promise<number> {
      const from = clock.now();
      await settle();
      while (!condition()) {
        if (clock.now() - from > withinMs)
          throw new Error(`not so after ${withinMs} ms: ${facts.slice(-20).map(({ type }) => type)}`);
        await advance(100);
      }
      return clock.now() - from;
    },
  };
}
