import type { Bus } from '../../bus/bus.ts';
import type { Fact } from '../../bus/facts/index.ts';
import type { AgreementDue, CustomerAgreementEvent } from '../../machines/customers/customer-agreement.ports.ts';
import type { Contacts } from '../../ports/contacts.ts';
import type { Identities } from '../../ports/identity.ts';
import type { Clock } from '../../ports/world.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { type AgreementRow, type AgreementTable, heard } from './agreement-table.ts';
import { every } from './every.ts';

export interface PresenceNeeds {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly contacts: Pick<Contacts, 'watch' | 'isOnline'>;
  readonly identities: Pick<Identities, 'personOf'>;
  readonly table: AgreementTable;
  readonly isNetworkUp: () => boolean;
  readonly send: (customer: PersonId, event: CustomerAgreementEvent) => void;
  readonly dueOf: (row: AgreementRow) => readonly AgreementDue[];
  readonly onFailure: (key: string, error: unknown) => void;
}

/** Who of the customers is there, how long the others have been silent, and which deadlines that concerns. */
export interface Presence {
  start(): void;
  stop(): void;
  /** Watches the device each customer uses now, and no other. */
  watchCurrent(): void;
}

const LOOK_EVERY_MS = 3_600_000;

/** Counts silence each hour and passes words and deadlines on to the automats, which ask again before they act. */
export function createPresence(needs: PresenceNeeds): Presence {
  const { bus, clock, contacts, identities, table, send } = needs;
  const watches = new Map<DeviceId, () => void>();
  let endings: readonly (() => void)[] = [];

  function customerOf(device: DeviceId): PersonId | undefined {
    const person = identities.personOf(device);
    return person !== undefined && table.get(person) !== undefined ? person : table.ofDevice(device)?.customer;
  }

  function note(fact: Fact<'contact.came-online' | 'peer.heard'>): void {
    const customer = customerOf(fact.peer);
    if (customer === undefined) return;
    table.note(customer, (row) => heard(row, clock.now()));
    const isBack = table.get(customer)?.standing === 'absent';
    if (fact.type === 'contact.came-online' || isBack) send(customer, { type: 'contact.came-online', peer: fact.peer });
  }

  function look(): void {
    table.count({ networkUp: needs.isNetworkUp(), isOnline: (device) => contacts.isOnline(device) });
    table.save().catch((error: unknown) => needs.onFailure('agreements', error));
    for (const row of table.all()) {
      for (const name of needs.dueOf(row)) send(row.customer, { type: 'due', name });
    }
  }

  return {
    watchCurrent() {
      const current = new Set(table.all().flatMap((row) => (row.standing === 'ended' ? [] : [row.device])));
      for (const device of current) if (!watches.has(device)) watches.set(device, contacts.watch(device, false));
      for (const [device, end] of watches) {
        if (current.has(device)) continue;
        end();
        watches.delete(device);
      }
    },
    start() {
      this.watchCurrent();
      endings = [
        bus.subscribe(['contact.came-online', 'peer.heard'], note),
        bus.subscribe(['customer.ended'], () => this.watchCurrent()),
        bus.subscribe(['host.woke'], look),
        every(clock, LOOK_EVERY_MS, look),
      ];
      look();
    },
    stop() {
      for (const end of [...endings, ...watches.values()]) end();
      watches.clear();
    },
  };
}
