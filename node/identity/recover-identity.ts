import { BitDustError } from '../../protocol/errors.ts';
import { fromHex, toHex } from '../../protocol/hash.ts';
import { personIdFrom } from '../../protocol/ids.ts';
import { phraseToEntropy } from '../../protocol/phrase.ts';
import type { RecoverAnswer } from '../api/local.ts';
import { freeUdpPort } from '../assembly/udp-port.ts';
import { loadConfig } from '../config.ts';
import { homePaths, makeHome } from '../home.ts';
import { adoptNetwork, type NetworkFile, networkOfHome } from '../network-file.ts';
import type { RecoverIdentityOptions } from '../offline.ts';
import { realWorld } from '../worlds/real.ts';
import { identityOf } from './home-identity.ts';
import { type RecoveredHome, recoverInWorld } from './recover-in-world.ts';

/** Brings the person of the words back into an empty home: identity, logs, catalogue. Needs no running node and leaves none. */
export async function recoverIdentity(home: string, options: RecoverIdentityOptions): Promise<RecoverAnswer> {
  const entropy = phraseToEntropy(options.words.join(' '));
  if (await identityOf(home).exists()) throw new BitDustError('HOME_EXISTS');
  const network = networkFor(home, options);
  const paths = homePaths(home);
  const host = (await loadConfig({ home })).get('network.host');
  const world = realWorld({ logFile: null, logLevel: 'warn' });
  let lock: { release(): Promise<void> } | undefined;
  try {
    const recovered = await recoverInWorld(world, {
      paths: {
        networkId: network.id === null ? null : fromHex(network.id),
        bootstrap: network.bootstrap,
        host,
        directoryPort: await freeUdpPort(host),
      },
      files: { identity: paths.identity, keys: paths.keys },
      store: `${paths.stores}/node`,
      entropy,
      passphrase: options.passphrase,
      async prepareHome() {
        makeHome(home);
        lock = await world.disk.lock(paths.lock);
      },
      adoptNetwork: (networkId) => adoptNetwork(home, { ...network, id: toHex(networkId) }),
      signal: options.signal,
      onStep: options.onStep,
    });
    return answerOf(home, recovered);
  } finally {
    await lock?.release();
    await world.close();
  }
}

/** The network to look in; members that were named come first. */
function networkFor(home: string, { network, via }: RecoverIdentityOptions): NetworkFile {
  const known = network ?? networkOfHome(home) ?? { name: null, id: null, bootstrap: [] };
  const bootstrap = [...new Set([...via, ...known.bootstrap])];
  if (bootstrap.length === 0) {
    throw new BitDustError('IDENTITY_NOT_FOUND', 'There is no network to look in: no member of one is named.');
  }
  return { ...known, bootstrap };
}

function answerOf(home: string, recovered: RecoveredHome): RecoverAnswer {
  const { identity, device, suppliers, missing, catalogue } = recovered;
  const { file, state } = identity;
  const isoTime = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  const { recovery } = state;
  if (recovery === null) throw new BitDustError('INTERNAL');
  const { newest, readOnlyUntil, recoveredAt } = recovery;
  const network = networkOfHome(home) ?? { name: null, id: toHex(recovered.networkId), bootstrap: [] };
  return {
    home: homePaths(home).home,
    person: personIdFrom(file.person),
    device,
    nickname: state.nickname,
    role: 'full',
    recovered: true,
    network: { ...network, bootstrap: [...network.bootstrap], founded: false },
    complete: missing.length === 0,
    missing: [...missing],
    revision: file.head.revision,
    newest: { at: isoTime(newest.at), from: newest.from, of: newest.of },
    removal: readOnlyUntil > recoveredAt ? 'paused' : 'open',
    suppliers,
    catalogue: { ...catalogue, newestAt: isoTime(catalogue.newestAt) },
  };
}
