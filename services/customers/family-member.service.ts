import type { Bus } from '../../bus/bus.ts';
import { familyMemberWith } from '../../machines/customers/family-member.machine.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Identities, Self } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { OrderLogs } from '../../ports/order-logs.ts';
import type { PieceStore } from '../../ports/pieces.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Notices } from '../kit/notices.ts';
import type { Service } from '../kit/service.ts';
import { bringBackKept } from './bring-back.ts';
import { createFamilyDesk } from './family-desk.ts';
import { createFamilySiblings } from './family-siblings.ts';

export interface FamilyMemberNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly self: Pick<Self, 'device' | 'signer'>;
  readonly network: Uint8Array;
  readonly identities: Identities;
  readonly messenger: Messenger;
  readonly notices: Notices;
  readonly logs: OrderLogs;
  readonly pieces: PieceStore;
  readonly directory: Pick<Directory, 'put'>;
  /** Whether the directory is joined now; later changes come as facts. */
  readonly joined: () => boolean;
  readonly onFailure: (key: string, error: unknown) => void;
}

const CUSTOMERS_MAX = 1000;

/** Wires the family-members: one for each customer, from his admission to his end. */
export function createFamilyMember(needs: FamilyMemberNeeds): Service {
  const { bus, pieces, logs, messenger, random } = needs;
  const desk = createFamilyDesk({
    ...needs,
    onEntries: async (customer, kinds) => {
      await bringBackKept(await logs.of(customer), { pieces, kinds });
    },
    onOffer: (customer, what, version) => {
      pool.send(customer, { type: 'offerRecord', what, version });
    },
  });
  const siblings = createFamilySiblings({ ...needs, desk });
  const pool = new ActorPool({
    machine: familyMemberWith({
      readFamily: async ({ customer }) => ((await logs.of(customer)).family() === undefined ? 'none' : 'signed'),
      askSiblings: ({ customer }, signal) => siblings.ask(customer, signal),
      pullLog: ({ customer }, signal) => siblings.pull(customer, signal),
      putRecords: ({ customer }, signal) => siblings.putRecords(customer, signal),
    }),
    runtime: needs.runtime,
    actorsMax: CUSTOMERS_MAX,
    onEmit: (fact) => bus.publish(fact),
    onFailure: needs.onFailure,
    onDone: (customer) => siblings.forget(customer as PersonId),
  });
  let endings: readonly (() => void)[] = [];

  function open(customer: PersonId): void {
    pool.open(customer, { customer, joined: needs.joined(), seed: Math.floor(random.fraction() * 2 ** 31) });
  }

  return {
    start() {
      for (const { customer } of pieces.accounts()) open(customer);
      endings = [
        bus.subscribe(['customer.admitted'], ({ customer }) => open(customer)),
        bus.subscribe(['customer.ended'], (fact) => void pool.send(fact.customer, fact)),
        bus.subscribe(['log.noticed'], (fact) => void pool.send(fact.owner, fact)),
        bus.subscribe(['directory.joined', 'directory.left'], (fact) => pool.sendAll(fact)),
        messenger.handle('ReadLog', desk.readLog),
        messenger.handle('AppendLog', desk.appendLog),
        messenger.handle('GetDocument', desk.getDocument),
        messenger.handle('PutDocument', desk.putDocument),
        needs.notices.on('log-newer', async (request) => {
          const owner = await desk.mayNotice(request);
          bus.publish({ type: 'log.noticed', owner, from: request.from.device });
        }),
      ];
    },
    stop() {
      for (const end of endings) end();
      pool.closeAll();
    },
  };
}
