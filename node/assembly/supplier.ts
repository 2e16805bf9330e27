import { createCustomers } from '../../services/customers/customers.ts';
import { openPieceStore } from '../../storage/pieces/piece-store.ts';
import type { SupplierPart } from './chapters.ts';
import type { Core } from './core.ts';

/** Builds what the node is as a supplier: piece store, agreements, the handlers that serve customers. */
export async function buildSupplier(core: Core): Promise<SupplierPart> {
  const { config, world, bus, runtime, self, network, contacts, logs, notices, directory, onFailure } = core;
  const { clock, random, disk } = world;
  const pieces = await openPieceStore({
    disk,
    records: core.store.records.part('pieces'),
    folder: core.paths.pieces,
    clock,
    random,
    orderStands: async ({ customer, block, seat }) => {
      const row = await (await logs.of(customer)).block(block);
      return row?.seats.includes(seat) === true && (row.standing === 'open' || row.standing === 'committed');
    },
  });
  const accepts = config.get('services.supplier.accept');
  const customers = await createCustomers({
    bus,
    runtime,
    clock,
    random,
    self,
    messenger: network.messenger,
    identities: network.identities,
    contacts,
    notices,
    logs,
    pieces,
    directory,
    records: core.store.records.part('customers'),
    joined: () => network.member.isJoined(),
    donatedBytes: config.get('services.supplier.donate'),
    accept: accepts === null ? null : { kind: 'function', accepts },
    knows: () => ({ nickname: null, isContact: false }),
    isNetworkUp: () => network.connector.isUp(),
    freeBytes: () => disk.freeBytes(core.paths.home),
    onFailure,
  });
  return {
    customers,
    pieces,
    service: {
      async start() {
        await customers.start();
        network.profile.setServices([{ name: 'supplier', limits: {} }]);
        network.roles.announceRole('supplier');
      },
      async stop() {
        await network.roles.withdrawRole('supplier').catch(() => undefined);
        network.profile.setServices([]);
        await customers.stop();
      },
    },
  };
}
