import type { OrderLogs } from '../../ports/order-logs.ts';
import type { Records } from '../../ports/records.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { createOrderLogs } from '../../storage/order-logs/order-logs.ts';
import { createMemoryStores, type MemoryStores } from '../../storage/records/memory.ts';
import { deviceOf, keyOf, NETWORK, OWNER } from './log-writer.ts';

/** A holder of logs on a disk of its own, which survives reopening. */
export interface LogHolder {
  now: number;
  /** Revision of the owner's identity that is known here. */
  revision: number;
  /** Devices of the newest list; every device is in the lists before. */
  devices: readonly DeviceId[];
  readonly stores: MemoryStores;
  open(): Promise<{ readonly logs: OrderLogs; readonly records: Records }>;
}

/** A holder; with `author` it is the owner's own device of that number. */
export function createLogHolder(options: { readonly author?: number; readonly seed?: number } = {}): LogHolder {
  const stores = createMemoryStores({ fraction: () => 0 });
  let drawn = options.seed ?? 0;
  const holder: LogHolder = {
    now: 1_000_000,
    revision: 1,
    devices: [10, 11, 12].map(deviceOf),
    stores,
    open: async () => {
      const { records } = await stores.engine().open('logs');
      const logs = createOrderLogs({
        records,
        networkId: NETWORK,
        clock: { now: () => holder.now },
        random: { bytes: (length) => new Uint8Array(length).fill(++drawn) },
        identities: {
          get: (person) => (person === OWNER ? ({ revision: holder.revision } as never) : undefined),
          lists: (_, device, revision) =>
            (revision ?? holder.revision) < holder.revision || holder.devices.includes(device),
        },
        author:
          options.author === undefined
            ? null
            : {
                person: OWNER,
                device: deviceOf(options.author),
                signer: keyOf(options.author),
                revision: () => holder.revision,
              },
      });
      return { logs, records };
    },
  };
  return holder;
}

/** All entries a log keeps, in order. */
export async function entriesOf(log: Awaited<ReturnType<OrderLogs['of']>>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for (const head of log.heads()) {
    for await (const bytes of log.entries({ ...head, from: 1, to: head.seq })) all.push(bytes);
  }
  return all;
}
