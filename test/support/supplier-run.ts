import assert from 'node:assert/strict';
import { createBus } from '../../bus/bus.ts';
import type { Fact } from '../../bus/facts/index.ts';
import { VirtualClock } from '../../node/worlds/virtual-clock.ts';
import type { DirectoryRecord } from '../../ports/directory.ts';
import type { Command } from '../../protocol/commands.ts';
import { makeFamily } from '../../protocol/family.ts';
import { frameItems } from '../../protocol/framed.ts';
import { sha256 } from '../../protocol/hash.ts';
import { personIdFrom } from '../../protocol/ids.ts';
import type { LogEntry } from '../../protocol/log-entry.ts';
import { createFamilyMember } from '../../services/customers/family-member.service.ts';
import { createNotices } from '../../services/kit/notices.ts';
import { createOrderLogs } from '../../storage/order-logs/order-logs.ts';
import { createMemoryStores } from '../../storage/records/memory.ts';
import { createFakeCustomers } from './fake-customers.ts';
import { deviceOf, keyOf, NETWORK, OWNER } from './log-writer.ts';
import { PeerNetwork } from './peer-network.ts';
import { settle } from './settle.ts';

/** An entry that changes nothing that matters. */
export const PIN = { kind: 'unpin', body: { task: 'x' } } as const;
/** Keys of the suppliers. */
export const SUPPLIERS = [20, 21, 22];
/** The person of a device of the tests. */
export const personOf = (number: number) => personIdFrom(keyOf(number + 50).publicKey);
const OPTIONS = { signal: new AbortController().signal, deadlineMs: 1000, owner: OWNER };

/** A signed family document. */
export function familyBytes(version: number, { prev = null as string | null, numbers = SUPPLIERS, device = 10 } = {}) {
  const seats = numbers.map((number, seat) => ({ seat, person: personOf(number), device: deviceOf(number) }));
  return makeFamily(
    { network: NETWORK, owner: OWNER, device: deviceOf(device), revision: 1, version, prev, seats, warrantEpoch: 0 },
    keyOf(device),
  );
}

async function createSupplier(network: PeerNetwork, clock: VirtualClock, number: number, grantBytes?: number) {
  const device = deviceOf(number);
  const messenger = network.join(device, personOf(number));
  const { records } = await createMemoryStores({ fraction: () => 0 })
    .engine()
    .open('logs');
  const logs = createOrderLogs({
    records,
    networkId: NETWORK,
    clock,
    random: { bytes: (length) => new Uint8Array(length) },
    identities: {
      get: () => ({ revision: 1 }) as never,
      lists: (_, one) => one === deviceOf(10) || one === deviceOf(11),
    },
    author: null,
  });
  const customers = createFakeCustomers([OWNER], grantBytes);
  const facts: Fact[] = [];
  const failures: unknown[] = [];
  const bus = createBus((error) => failures.push(error));
  bus.tap((fact) => facts.push(fact));
  const put: DirectoryRecord[] = [];
  const service = createFamilyMember({
    bus,
    runtime: { clock, opened: () => undefined },
    clock,
    random: { bytes: (length) => new Uint8Array(length), fraction: () => 0.5 },
    self: { device, signer: keyOf(number) },
    network: NETWORK,
    identities: {
      get: () => ({ revision: 1, file: Uint8Array.of(1) }) as never,
      personOf: () => undefined,
      accept: async () => ({}) as never,
      lists: (_, one) => one === deviceOf(10),
    },
    messenger,
    notices: createNotices(messenger),
    logs,
    pieces: customers.store,
    directory: { put: async (record) => void put.push(record) },
    joined: () => true,
    onFailure: (_, error) => failures.push(error),
  });
  await service.start();
  return { device, log: await logs.of(OWNER), bus, facts, failures, put, service, customers };
}

/** A customer's suppliers, and his own device that asks them. */
export async function runSuppliers(options: { readonly grantBytes?: number } = {}) {
  const network = new PeerNetwork();
  const clock = new VirtualClock({ startAt: 1_000_000 });
  const suppliers = await Promise.all(
    SUPPLIERS.map((number) => createSupplier(network, clock, number, options.grantBytes)),
  );
  const owner = network.join(deviceOf(10), OWNER);
  const ask = (
    command: Command,
    payload: Record<string, unknown>,
    { to = 20, body = null as Uint8Array | null, from = owner } = {},
  ) =>
    from.request(deviceOf(to), command, payload, {
      ...OPTIONS,
      ...(body === null ? {} : { streams: [{ length: body.length, bytes: body }] }),
    });
  const append = (entries: readonly LogEntry[], options: { readonly to?: number; readonly from?: typeof owner } = {}) =>
    ask('AppendLog', { count: entries.length }, { ...options, body: frameItems(entries.map(({ bytes }) => bytes)) });
  const putFamily = (
    statement: { readonly bytes: Uint8Array },
    version: number,
    options: { readonly to?: number; readonly from?: typeof owner } = {},
  ) =>
    ask(
      'PutDocument',
      { name: 'family', version, hash: sha256(statement.bytes) },
      { ...options, body: statement.bytes },
    );
  const rest = async () => {
    for (let i = 0; i < 20; i += 1) await settle();
  };
  const stop = () =>
    suppliers.forEach(({ service, failures }) => {
      void service.stop();
      assert.deepEqual(failures, []);
    });
  return { network, clock, suppliers, first: suppliers[0]!, owner, ask, append, putFamily, rest, stop };
}
