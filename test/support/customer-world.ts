import { createBus } from '../../bus/bus.ts';
import type { Fact } from '../../bus/facts/index.ts';
import type { CustomerState } from '../../ports/customers.ts';
import type { KnownIdentity, Self } from '../../ports/identity.ts';
import type { Messenger, PeerRequest } from '../../ports/messenger.ts';
import type { BlockRow } from '../../ports/order-logs.ts';
import { blockIdOf, decodeBlockRecord, encodeBlockRecord } from '../../protocol/block-record.ts';
import { pieceBytes } from '../../protocol/block-size.ts';
import { makeFamily } from '../../protocol/family.ts';
import { concatBytes, sha256, textBytes } from '../../protocol/hash.ts';
import { type DeviceId, type PersonId, personIdFrom } from '../../protocol/ids.ts';
import { LABELS } from '../../protocol/labels.ts';
import type { LogContent } from '../../protocol/log-content.ts';
import type { LogEntry } from '../../protocol/log-entry.ts';
import { pieceRoot } from '../../protocol/piece-tree.ts';
import { type CustomersNeeds, createCustomers } from '../../services/customers/customers.ts';
import { createNotices } from '../../services/kit/notices.ts';
import { createAgreements } from '../../services/suppliers/agreements.ts';
import { createOrderLogs } from '../../storage/order-logs/order-logs.ts';
import { deviceOf, keyOf, LogWriter, NETWORK, OWNER } from './log-writer.ts';
import { PeerNetwork } from './peer-network.ts';
import { alice, bob, bytesOf, DAY_MS, MIB, storeMachine } from './piece-store.ts';
import { advanceSettled, settle } from './settle.ts';
import { VirtualClock } from './virtual-clock.ts';

export const SUPPLIER = deviceOf(20);
const SUPPLIER_PERSON = personIdFrom(keyOf(2).publicKey);
const RANDOM = { bytes: (length: number) => new Uint8Array(length).fill(5), fraction: () => 0.5 };
export const SIGNAL = new AbortController().signal;

/** A block of which seat 0 is kept here, with the bytes of that piece. */
export interface SampleBlock {
  readonly record: Uint8Array;
  readonly block: string;
  readonly payload: Uint8Array;
  readonly row: BlockRow;
}

/** A block of its own for each seed; the roots of other seats are made up. */
export function blockOf(
  seed: number,
  { k = 16, n = 17, size = MIB, log = new LogWriter(), seq = 1 } = {},
): SampleBlock {
  const payload = bytesOf(seed, pieceBytes(k, size));
  const others = Array.from({ length: n - 1 }, (_, at) => bytesOf(seed * 100 + at, 32));
  const roots = concatBytes(pieceRoot(LABELS.piece, payload), ...others);
  const seats = Array.from({ length: n }, (_, seat) => seat);
  const record = encodeBlockRecord({ k, n, size, seats: Uint8Array.from(seats), roots });
  const block = blockIdOf(decodeBlockRecord(record));
  const order = { device: log.device, log: log.log, seq };
  const row: BlockRow = { block, k, n, size, seats, roots, standing: 'open', order, buriedAt: null, removedBy: [] };
  return { record, block, payload, row };
}

type Overrides = Partial<Pick<CustomersNeeds, 'accept' | 'donatedBytes' | 'identities' | 'freeBytes'>>;

/** A supplier with a real piece store and real logs on memory disks, and one customer who talks to it. */
export async function customerWorld(overrides: Overrides = {}) {
  const machine = await storeMachine({ grantBytes: 0 });
  for (const person of [alice, bob]) await machine.store.forget(person);
  const clock = new VirtualClock({ startAt: machine.nowMs });
  Object.defineProperty(machine, 'nowMs', { get: () => clock.now() });
  const network = new PeerNetwork();
  const facts: Fact[] = [];
  const failures: unknown[] = [];
  const bus = createBus((error) => failures.push(error));
  bus.tap((fact) => facts.push(fact));
  const online = new Set<DeviceId>([deviceOf(10)]);
  const proven: { link: string; person: PersonId }[] = [];
  const records = (await machine.stores.engine().open('/home/agreements')).records;
  const logRecords = (await machine.stores.engine().open('/home/logs')).records;
  const identities = overrides.identities ?? {
    get: (person) => ({ person, revision: 1, file: Uint8Array.of(1) }) as unknown as KnownIdentity,
    personOf: (device) => (device === deviceOf(10) || device === deviceOf(11) ? OWNER : undefined),
    accept: () => Promise.reject(new Error('nobody brings identities here')),
    lists: (person, device) => person === OWNER && (device === deviceOf(10) || device === deviceOf(11)),
  };
  const logs = createOrderLogs({
    records: logRecords,
    networkId: NETWORK,
    clock,
    random: RANDOM,
    identities,
    author: null,
  });
  const supplierSelf = {
    person: SUPPLIER_PERSON,
    device: SUPPLIER,
    signer: keyOf(20),
    networkId: NETWORK,
  } as unknown as Self;
  const joined = network.join(SUPPLIER, SUPPLIER_PERSON);
  const messenger: Messenger = Object.assign(joined, {
    admitProver: (link: string, person: PersonId) => void proven.push({ link, person }),
  });
  const needs: CustomersNeeds = {
    bus,
    runtime: { clock, opened: () => undefined },
    clock,
    random: RANDOM,
    self: supplierSelf,
    identities,
    messenger,
    notices: createNotices(messenger),
    contacts: {
      watch: () => () => undefined,
      isOnline: (device) => online.has(device),
      absentSince: () => null,
      greet: () => Promise.reject(new Error('nobody is greeted here')),
    },
    directory: { put: () => Promise.resolve() },
    joined: () => true,
    isNetworkUp: () => true,
    logs,
    pieces: machine.store,
    records,
    freeBytes: () => Promise.resolve(1e12),
    donatedBytes: 64 * MIB,
    accept: null,
    knows: () => ({ nickname: null, isContact: false }),
    onFailure: (_, error) => failures.push(error),
    ...overrides,
  };
  let service = await createCustomers(needs);
  await service.start();
  const ownerMessenger = network.join(deviceOf(10), OWNER);
  const told: { readonly command: string; readonly request: PeerRequest }[] = [];
  for (const command of ['Confess', 'Notice'] as const) {
    ownerMessenger.handle(command, async (request) => {
      told.push({ command, request });
      return { payload: {} };
    });
  }
  const owner = {
    person: OWNER,
    device: deviceOf(10),
    signer: keyOf(10),
    networkId: NETWORK,
  } as unknown as Self;
  let drawn = 0;
  const random = { ...RANDOM, bytes: (length: number) => new Uint8Array(length).fill(++drawn) };
  const agreements = createAgreements({ self: owner, messenger: ownerMessenger, clock, random });
  const writer = new LogWriter();
  const supplier = { person: SUPPLIER_PERSON, device: SUPPLIER };

  const world = {
    machine,
    clock,
    network,
    bus,
    facts,
    failures,
    online,
    proven,
    needs,
    owner,
    ownerMessenger,
    agreements,
    writer,
    told,
    logs,
    pieces: machine.store,
    get service() {
      return service;
    },
    factTypes: () => facts.map(({ type }) => type),
    /** The customer's contract for so many bytes. */
    hire: async (bytes = 32 * MIB, former: Uint8Array | null = null) => {
      const asked = await agreements.ask({ supplier, bytes, former, signal: SIGNAL });
      if (!asked.accepted) throw new Error(`refused: ${asked.reason}`);
      return asked.contract;
    },
    ask: (bytes: number, former: Uint8Array | null = null) =>
      agreements.ask({ supplier, bytes, former, signal: SIGNAL }),
    write: async (content: LogContent): Promise<LogEntry> => {
      const entry = writer.write(content);
      const accepted = await (await logs.of(OWNER)).accept([entry.bytes]);
      if (accepted.applied !== 1) throw new Error(`refused: ${accepted.refused[0]?.code}`);
      return entry;
    },
    /** The family in which the supplier has seat 0. */
    seat: async (device = SUPPLIER) => {
      const family = {
        network: NETWORK,
        owner: OWNER,
        device: deviceOf(10),
        revision: 1,
        version: 1,
        prev: null,
        seats: [{ seat: 0, person: SUPPLIER_PERSON, device }],
        warrantEpoch: 0,
      };
      await (await logs.of(OWNER)).putFamily(makeFamily(family, keyOf(10)).bytes);
    },
    open: async (blocks: readonly SampleBlock[]) =>
      world.write({
        kind: 'open',
        body: {
          upload: Buffer.from(sha256(textBytes(blocks.map(({ block }) => block).join())))
            .toString('hex')
            .slice(0, 32),
          records: blocks.map(({ record }) => record),
        },
      }),
    /** As after a restart of the process: the same disks, another service. */
    restart: async () => {
      await service.stop();
      service = await createCustomers(needs);
      await service.start();
      await world.rest();
    },
    stateOf: (person: PersonId = OWNER): CustomerState | undefined =>
      service.list().find((view) => view.person === person)?.state,
    rest: async () => {
      for (let i = 0; i < 20; i += 1) await settle();
    },
    pass: async (ms: number) => {
      for (let left = ms; left > 0; left -= DAY_MS) await advanceSettled(clock, Math.min(left, DAY_MS));
      await world.rest();
    },
    stop: () => service.stop(),
  };
  return world;
}

export type CustomerWorld = Awaited<ReturnType<typeof customerWorld>>;
