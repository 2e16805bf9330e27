import { createBus } from '../../bus/bus.ts';
import type { IdentityRegistrarPorts } from '../../machines/identity/identity-registrar.machine.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hash.ts';
import { deviceIdFrom, personIdFrom } from '../../protocol/ids.ts';
import { requireNickname } from '../../protocol/nickname-claim.ts';
import { registerIdentity } from '../../services/identity/identity-registrar.service.ts';
import type { IdentityStore } from '../../services/identity/identity-store.ts';
import { makeIdentity, type NewIdentity } from '../../services/identity/make-identity.ts';
import { makeHyperdhtRecord } from '../../transports/hyperdht/make-record.ts';
import type { InitAnswer } from '../api/local.ts';
import { homePaths, makeHome } from '../home.ts';
import { adoptNetwork, type NetworkFile, networkOfHome } from '../network-file.ts';
import type { CreateIdentityOptions } from '../offline.ts';
import { identityOf, localParts } from './home-identity.ts';

const CARD_SEEDS = 2;

/** Makes a person and the first device in a home; without a network it founds one by drawing its id. */
export async function createIdentity(home: string, options: CreateIdentityOptions): Promise<InitAnswer> {
  const { nickname } = options;
  if (nickname !== null) requireNickname(nickname);
  const parts = localParts();
  const store = identityOf(home);
  if (await store.exists()) throw new BitDustError('HOME_EXISTS');
  const lock = await parts.disk.lock(makeHome(home).lock);
  try {
    if (await store.exists()) throw new BitDustError('HOME_EXISTS');
    const { made, settled } = await register(home, { ...options, parts, store });
    const { network, founded } = settled;
    return {
      home: homePaths(home).home,
      person: personIdFrom(made.file.person),
      device: deviceIdFrom(made.state.device),
      nickname,
      role: options.role,
      recovered: false,
      phrase: made.phrase,
      network: { ...network, bootstrap: [...network.bootstrap], founded },
      card: { network: network.name, id: network.id, seeds: network.bootstrap.slice(0, CARD_SEEDS) },
    };
  } finally {
    await lock.release();
  }
}

interface Registering extends CreateIdentityOptions {
  readonly parts: ReturnType<typeof localParts>;
  readonly store: IdentityStore;
}

interface SettledNetwork {
  readonly network: NetworkFile;
  readonly founded: boolean;
}

async function register(
  home: string,
  options: Registering,
): Promise<{ readonly made: NewIdentity; readonly settled: SettledNetwork }> {
  const { parts, store, nickname, passphrase } = options;
  const { random } = parts;
  const identity = Promise.withResolvers<NewIdentity>();
  const network = Promise.withResolvers<SettledNetwork>();
  const bus = createBus((error) => {
    throw error;
  });
  const runtime = { clock: timers, opened: () => undefined };
  const ports: IdentityRegistrarPorts = {
    async makeIdentity() {
      const made = await makeIdentity({ ...parts, makeRecord: makeHyperdhtRecord }, { nickname });
      identity.resolve(made);
      return { person: personIdFrom(made.file.person), device: deviceIdFrom(made.state.device) };
    },
    async saveIdentity() {
      network.resolve(settleNetwork(home, options.network, random.bytes(32)));
      // The identity comes last: a home that was left half made is made anew by the next attempt.
      await store.create(await identity.promise, { passphrase: passphrase ?? undefined, randomBytes: random.bytes });
    },
    // The records are published when the node starts: this works with the cable pulled.
    publishRecord: async () => undefined,
  };
  await registerIdentity({ bus, runtime, ports }, { nickname });
  return { made: await identity.promise, settled: await network.promise };
}

const timers = {
  setTimeout: (fire: () => void, delayMs: number): unknown => setTimeout(fire, delayMs),
  clearTimeout: (timer: unknown): void => clearTimeout(timer as NodeJS.Timeout),
};

/** Writes which network the home belongs to: the one named, the one it has, or a new one. */
function settleNetwork(home: string, named: NetworkFile | null, drawn: Uint8Array): SettledNetwork {
  const known = named ?? networkOfHome(home);
  if (known) {
    adoptNetwork(home, known);
    return { network: networkOfHome(home) ?? known, founded: false };
  }
  const network = { name: null, id: toHex(drawn), bootstrap: [] };
  adoptNetwork(home, network);
  return { network, founded: true };
}
