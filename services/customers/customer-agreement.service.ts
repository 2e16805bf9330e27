import type { Bus } from '../../bus/bus.ts';
import { customerAgreementWith } from '../../machines/customers/customer-agreement.machine.ts';
import type { CustomerAgreementFact } from '../../machines/customers/customer-agreement.ports.ts';
import type { Contacts } from '../../ports/contacts.ts';
import type { AcceptPolicy } from '../../ports/customers.ts';
import type { Identities, Self } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { OrderLogs } from '../../ports/order-logs.ts';
import type { PieceStore } from '../../ports/pieces.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import { createAdmission } from './admission.ts';
import { createAgreementSteps } from './agreement-steps.ts';
import type { AgreementTable, Standing } from './agreement-table.ts';
import type { Confessions } from './confessions.ts';
import type { Grants } from './grants.ts';
import { createPresence } from './presence.ts';

export interface CustomerAgreementNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly self: Self;
  readonly identities: Pick<Identities, 'personOf'>;
  readonly messenger: Pick<Messenger, 'handle' | 'request'>;
  readonly contacts: Pick<Contacts, 'watch' | 'isOnline'>;
  readonly logs: Pick<OrderLogs, 'of'>;
  readonly pieces: PieceStore;
  readonly table: AgreementTable;
  readonly grants: Grants;
  readonly confessions: Confessions;
  readonly policy: AcceptPolicy;
  readonly knows: (person: PersonId) => { readonly nickname: string | null; readonly isContact: boolean };
  /** He is served again, so what waited in the trash may come back. */
  readonly onAdmitted: (customer: PersonId) => void;
  readonly isNetworkUp: () => boolean;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface CustomerAgreements extends Service {
  /** The contract has no room for what he brought. */
  fill(customer: PersonId): void;
  isFull(customer: PersonId): boolean;
}

/** Wires `customer-agreement`: one automat a customer, from his request to the end of his contract. */
export function createCustomerAgreements(needs: CustomerAgreementNeeds): CustomerAgreements {
  const { bus, messenger, pieces, table } = needs;
  const steps = createAgreementSteps(needs);
  const admission = createAdmission({
    ...needs,
    open(customer, standing, bytes) {
      pool.close(customer);
      return open(customer, standing, bytes);
    },
    send: (customer, event) => void pool.send(customer, event),
    onChanged: () => presence.watchCurrent(),
  });
  const presence = createPresence({
    ...needs,
    dueOf: steps.dueOf,
    send: (customer, event) => void pool.send(customer, event),
  });
  const pool = new ActorPool({
    machine: customerAgreementWith({ ...steps, ...admission }),
    runtime: needs.runtime,
    actorsMax: LIMITS.customersMax.value,
    onEmit(fact) {
      announce(fact);
      bus.publish(fact);
    },
    onFailure(key, error) {
      admission.decided(key as PersonId, { reason: 'busy', retryMs: null });
      needs.onFailure(key, error);
    },
  });
  let endings: readonly (() => void)[] = [];

  function announce(fact: CustomerAgreementFact): void {
    if (fact.type === 'customer.rejected') admission.decided(fact.customer, fact);
    if (fact.type !== 'customer.admitted') return;
    admission.decided(fact.customer, null);
    needs.onAdmitted(fact.customer);
  }

  function open(customer: PersonId, standing: 'new' | Exclude<Standing, 'ended'>, bytes: number): boolean {
    const seed = Math.floor(needs.random.fraction() * 2 ** 31);
    return pool.open(customer, { customer, bytes, standing, seed }) !== undefined;
  }

  return {
    fill: (customer) => void pool.send(customer, { type: 'fill' }),
    isFull: (customer) => pool.get(customer)?.getSnapshot().matches('full') ?? false,
    start() {
      for (const { customer, standing } of table.all()) {
        const isEnded = standing === 'ended';
        if (!isEnded) open(customer, standing, pieces.account(customer)?.grantBytes ?? 0);
      }
      endings = [
        messenger.handle('RequestService', admission.requestService),
        messenger.handle('CancelService', admission.cancelService),
        bus.subscribe(['space.notice-given', 'piece.found-rotten'], (fact) => void pool.send(fact.customer, fact)),
        bus.subscribe(['disk.recovered'], (fact) => pool.sendAll(fact)),
      ];
      presence.start();
    },
    async stop() {
      presence.stop();
      for (const end of endings) end();
      pool.closeAll();
      admission.end();
      await table.save();
    },
  };
}
