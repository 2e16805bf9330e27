import { BitDustError } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hash.ts';
import { deviceIdFrom, personIdFrom } from '../../protocol/ids.ts';
import { isNickname } from '../../protocol/nickname-claim.ts';
import { makeIdentity } from '../../services/identity/make-identity.ts';
import { makeHyperdhtRecord } from '../../transports/hyperdht/make-record.ts';
import type { InitAnswer } from '../api/local.ts';
import { homePaths, makeHome } from '../home.ts';
import { adoptNetwork, type NetworkFile, networkOfHome } from '../network-file.ts';
import type { CreateIdentityOptions } from '../offline.ts';
import { identityOf, localParts } from './home-identity.ts';

const CARD_SEEDS = 2;

/** Makes a person and the first device in a home; without a network it founds one by drawing its id. */
export async function createIdentity(home: string, options: CreateIdentityOptions): Promise<InitAnswer> {
  const { nickname, passphrase } = options;
  if (nickname !== null && !isNickname(nickname)) throw new BitDustError('NICKNAME_INVALID');
  const parts = localParts();
  const store = identityOf(home);
  if (await store.exists()) throw new BitDustError('HOME_EXISTS');
  const made = await makeIdentity({ ...parts, makeRecord: makeHyperdhtRecord }, { nickname });
  const paths = makeHome(home);
  const lock = await parts.disk.lock(paths.lock);
  try {
    if (await store.exists()) throw new BitDustError('HOME_EXISTS');
    const { network, founded } = settleNetwork(home, options.network, parts.random.bytes(32));
    // The identity comes last: a home that was left half made is made anew by the next attempt.
    await store.create(made, { passphrase: passphrase ?? undefined, randomBytes: parts.random.bytes });
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

/** Writes which network the home belongs to: the one named, the one it has, or a new one. */
function settleNetwork(
  home: string,
  named: NetworkFile | null,
  drawn: Uint8Array,
): { readonly network: NetworkFile; readonly founded: boolean } {
  const known = named ?? networkOfHome(home);
  if (known) {
    adoptNetwork(home, known);
    return { network: networkOfHome(home) ?? known, founded: false };
  }
  const network = { name: null, id: toHex(drawn), bootstrap: [] };
  adoptNetwork(home, network);
  return { network, founded: true };
}
