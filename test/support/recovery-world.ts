import { recoverInWorld } from '../../node/identity/recover-in-world.ts';
import { makeFamily } from '../../protocol/family.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { phraseToEntropy } from '../../protocol/phrase.ts';
import { sealVersionNote } from '../../protocol/version-entry.ts';
import { createFamilyMember } from '../../services/customers/family-member.service.ts';
import { createOwnership } from '../../services/customers/ownership.ts';
import { createIdentityStore } from '../../services/identity/identity-store.ts';
import { type LogPeer, packetsOf, sendDocument, sendEntries } from '../../services/kit/log-requests.ts';
import { createNotices } from '../../services/kit/notices.ts';
import { createFakeCustomers } from './fake-customers.ts';
import { createIdentityWorld, FILES, type IdentityNode } from './identity-world.ts';
import { copyFor } from './storage-samples.ts';

export type RecoveryWorld = Awaited<ReturnType<typeof createRecoveryWorld>>;

/** A person whose log, family and documents lie with suppliers, over real sessions; pieces are left out. */
export async function createRecoveryWorld(options: { readonly suppliers?: number } = {}) {
  const { suppliers: count = 3 } = options;
  const world = createIdentityWorld();
  const seed = await world.node('seed');
  const alice = await world.node('alice', { nickname: 'alice' });
  const suppliers = await Promise.all(
    Array.from({ length: count }, (_, index) => supplierNode(world, `supplier${index}`, alice.self.person)),
  );
  await Promise.all(
    suppliers.map(({ node }) => alice.messenger.connect(node.self.device, AbortSignal.timeout(10_000))),
  );
  let runs = 0;

  /** Writes a family of these suppliers, and waits until the recovery record names it. */
  async function hire(version: number, hired = suppliers): Promise<void> {
    const seats = hired.map(({ node }, seat) => ({ seat, person: node.self.person, device: node.self.device }));
    const { person: owner, device } = alice.self;
    const prev = alice.log.family()?.hash ?? null;
    const body = { network: world.networkId, owner, device, revision: alice.self.revision(), version, prev, seats };
    const { bytes } = makeFamily({ ...body, warrantEpoch: 0 }, alice.self.signer);
    await alice.log.putFamily(bytes);
    const { hash } = alice.log.family()!;
    await alice.log.append([{ kind: 'family', body: { version, hash } }]);
    const before = alice.publisher.status().find(({ name }) => name === 'recovery')?.version ?? 0;
    alice.bus.publish({ type: 'suppliers.changed', version, seats: seats.length });
    await alice.heard('record.published', (fact) => fact.record === 'recovery' && fact.version > before);
  }

  /** A version of the set, as a backup writes it into the log. */
  async function writeVersion(set: string, at: number): Promise<void> {
    const { epoch, catalogue: secret } = alice.self.secrets()[0]!;
    const note = {
      kind: 'version',
      set,
      at,
      tree: copyFor(`tree of ${set}`),
      index: null,
      files: 3,
      bytes: 1000,
    } as const;
    const sealed = sealVersionNote(note, { epoch, secret, salt: alice.random.bytes(16) });
    await alice.log.append([{ kind: 'version', body: { sealed } }]);
  }

  /** Gives a supplier all that it keeps for alice. */
  async function deliver(to: IdentityNode): Promise<void> {
    const peer: LogPeer = {
      messenger: alice.messenger,
      network: world.networkId,
      owner: alice.self.person,
      peer: to.self.device,
      signal: AbortSignal.timeout(10_000),
      deadlineMs: 10_000,
    };
    for (const document of alice.identity.documents()) await sendDocument(peer, document);
    for (const head of alice.log.heads()) {
      for await (const packet of packetsOf(alice.log.entries({ ...head, from: 1, to: head.seq }))) {
        await sendEntries(peer, packet);
      }
    }
  }

  /** Recovers on an empty machine. */
  async function recover(
    phrase = alice.phrase,
    { signal = AbortSignal.timeout(60_000), passphrase = null as string | null } = {},
  ) {
    runs += 1;
    const machine = world.worlds.world(`fresh${runs}`);
    const steps: string[] = [];
    const writes: string[] = [];
    const recovered = recoverInWorld(machine, {
      paths: { networkId: null, bootstrap: [world.seed()], host: '10.0.0.1', directoryPort: 9000 + runs },
      files: FILES,
      store: '/home/stores/node',
      entropy: phraseToEntropy(phrase),
      passphrase,
      prepareHome: async () => void writes.push('home'),
      adoptNetwork: () => void writes.push('network'),
      signal,
      onStep: (step) => void steps.push(step),
    });
    const store = createIdentityStore({ disk: machine.disk, files: FILES });
    return { recovered, machine, store, steps, writes };
  }

  return { ...world, seedNode: seed, alice, suppliers, hire, writeVersion, deliver, recover };
}

/** A node that keeps log and documents of one customer. */
async function supplierNode(world: ReturnType<typeof createIdentityWorld>, name: string, customer: PersonId) {
  const node = await world.node(name);
  const pieces = createFakeCustomers([customer]).store;
  const notices = createNotices(node.messenger);
  const onFailure = (_key: string, error: unknown): void => void node.failures.push(error);
  const needs = { ...node, network: world.networkId, pieces, notices, joined: () => true, onFailure };
  const services = [createFamilyMember(needs), createOwnership(needs)];
  for (const service of services) await service.start();
  async function stop(): Promise<void> {
    for (const service of services) await service.stop();
    await node.stop();
  }
  return { node, pieces, stop };
}
