import type { Bus } from '../../bus/bus.ts';
import type { CustomerRoom } from '../../machines/customers/choose-released.ts';
import { customersRejectorWith } from '../../machines/customers/customers-rejector.machine.ts';
import type { Contacts } from '../../ports/contacts.ts';
import type { PieceStore } from '../../ports/pieces.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import { recordNotice } from './agreement-steps.ts';
import type { AgreementTable } from './agreement-table.ts';
import type { Donation } from './donation.ts';
import type { TrashKeeper } from './trash-keeper.ts';

export interface CustomersRejectorNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly contacts: Pick<Contacts, 'isOnline'>;
  readonly pieces: Pick<PieceStore, 'account'>;
  readonly table: AgreementTable;
  readonly donation: Donation;
  readonly trash: TrashKeeper;
  readonly onFailure: (key: string, error: unknown) => void;
}

const KEY = 'node';

/** Wires `customers-rejector`: measures promises against the donation and gives notice where they exceed it. */
export function createCustomersRejector(needs: CustomersRejectorNeeds): Service {
  const { bus, pieces, table, donation, trash } = needs;

  function rooms(): readonly CustomerRoom[] {
    return table.all().flatMap((row) => {
      const account = pieces.account(row.customer);
      if (account === undefined || row.standing === 'ended') return [];
      return {
        customer: row.customer,
        promised: account.grantBytes,
        used: account.usedBytes,
        onNotice: row.standing === 'onNotice' || row.standing === 'releasing',
        absentMs: row.silentMs,
      };
    });
  }

  const pool = new ActorPool({
    machine: customersRejectorWith({
      async measureSpace() {
        const { donatedBytes, promisedBytes, usedBytes, trashBytes } = donation.view();
        return {
          donated: donatedBytes,
          promised: promisedBytes,
          used: usedBytes,
          trash: trashBytes,
          short: await donation.shortBytes(),
          customers: rooms(),
        };
      },
      freeTrash: async ({ bytes }) => ({ freed: await trash.free(bytes) }),
      recordNotice: async ({ customer, bytes }) => ({
        until: await recordNotice(needs, { customer, bytes, reason: 'space' }),
      }),
    }),
    runtime: needs.runtime,
    actorsMax: 1,
    onEmit: (fact) => bus.publish(fact),
    onFailure: needs.onFailure,
  });
  let end: () => void = () => undefined;

  return {
    start() {
      end = bus.subscribe(
        [
          'space.donation-changed',
          'disk.became-low',
          'disk.recovered',
          'customer.admitted',
          'customer.became-absent',
          'customer.returned',
          'customer.ended',
        ],
        (fact) => pool.sendAll(fact),
      );
      pool.open(KEY, { seed: Math.floor(needs.random.fraction() * 2 ** 31) });
    },
    stop() {
      end();
      pool.closeAll();
    },
  };
}
