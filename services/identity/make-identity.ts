import type { Directory, DirectoryRecord } from '../../ports/directory.ts';
import type { Sealing } from '../../ports/sealing.ts';
import type { Signer, SignerFactory } from '../../ports/signer.ts';
import type { Clock, Random } from '../../ports/world.ts';
import { makeDeviceList } from '../../protocol/device-list.ts';
import { nextSequence } from '../../protocol/directory-rules.ts';
import { rootHeadValue } from '../../protocol/directory-values.ts';
import { seedToPublicKey } from '../../protocol/ed25519.ts';
import { type IdentityFile, makeIdentityFile } from '../../protocol/identity-file.ts';
import type { DeviceKeys } from '../../protocol/key-file.ts';
import { entropyToPhrase } from '../../protocol/phrase.ts';
import { recoverySeed, rendezvousSeed, rootSeed } from '../../protocol/recovery-keys.ts';
import { commitToRoot, makeRootStatement, type RootStatement } from '../../protocol/root-statement.ts';
import type { IdentityState } from './identity-store.ts';

const DAY_MS = 86_400_000;
/** After this the device list ends new sessions, unless an admin renewed it. */
export const LIST_LIFE_MS = 400 * DAY_MS;
/** Rendezvous pairs that an admin device gets: the current one and the next 8. */
export const RENDEZVOUS_PAIRS = 9;

export interface MakeIdentityNeeds {
  readonly random: Random;
  readonly clock: Pick<Clock, 'now'>;
  readonly signer: SignerFactory;
  readonly sealing: Sealing;
  /** In the form of the directory that will hold the root head. */
  readonly makeRecord: Directory['makeRecord'];
}

/** A new person with one device. The phrase is shown once and kept nowhere. */
export interface NewIdentity {
  readonly phrase: string;
  readonly keys: DeviceKeys;
  readonly file: IdentityFile;
  readonly state: IdentityState;
}

/** Draws the keys of a device. */
export function drawDeviceKeys(random: Random): DeviceKeys {
  return { device: random.bytes(32), admin: random.bytes(32), seal: random.bytes(32) };
}

/** Draws one epoch of storage secrets. */
export function drawSecrets(random: Random, epoch: number): IdentityState['secrets'][number] {
  const bytes = () => random.bytes(32);
  return { epoch, catalogue: bytes(), dedup: bytes(), gear: bytes(), documents: bytes() };
}

/** Makes a person: root statement of epoch 0, device list of revision 1, storage secrets, rendezvous pairs. Works without a network. */
export async function makeIdentity(
  needs: MakeIdentityNeeds,
  options: { readonly nickname: string | null },
): Promise<NewIdentity> {
  const { random, clock, signer } = needs;
  const entropy = random.bytes(32);
  const keys = drawDeviceKeys(random);
  const root = signerOf(signer, rootSeed(entropy, 0));
  const now = clock.now();
  const { statement, list } = await firstStatements(needs, { entropy, keys, root, now });
  const state: IdentityState = {
    device: seedToPublicKey(keys.device),
    nickname: options.nickname,
    nicknameSince: now,
    rootHeads: [signRootHead(needs, { statement, root })],
    recordsVersion: 0,
    wordsConfirmed: false,
    secrets: [drawSecrets(random, 1)],
    rendezvous: dealRendezvous(entropy, 0),
    keychain: null,
    recovery: null,
  };
  const phrase = entropyToPhrase(entropy);
  entropy.fill(0);
  return { phrase, keys, file: makeIdentityFile([statement], [list]), state };
}

async function firstStatements(
  needs: MakeIdentityNeeds,
  from: { readonly entropy: Uint8Array; readonly keys: DeviceKeys; readonly root: Signer; readonly now: number },
) {
  const { signer, sealing } = needs;
  const { entropy, keys, root, now: issued } = from;
  const admin = signer.fromSeed(Uint8Array.from(keys.admin));
  const recovery = await sealing.xWingKey(recoverySeed(entropy));
  const seal = await sealing.xWingKey(Uint8Array.from(keys.seal));
  const { publicKey: person } = root;
  const next = commitToRoot(seedToPublicKey(rootSeed(entropy, 1)));
  const statement = makeRootStatement(
    {
      ...{ person, epoch: 0, root: person, next, admins: [admin.publicKey] },
      ...{ recovery: recovery.publicKey, list: null, prev: null, issued },
    },
    root,
  );
  const devices = [{ key: seedToPublicKey(keys.device), seal: seal.publicKey, added: issued }];
  const expires = issued + LIST_LIFE_MS;
  const list = makeDeviceList(
    { person, epoch: 0, revision: 1, prev: null, devices, mailbox: null, issued, expires },
    admin,
  );
  return { statement, list };
}

/** The pairs of recovery records that a device is dealt: `first` and the next 8. */
export function dealRendezvous(entropy: Uint8Array, first: number): IdentityState['rendezvous'] {
  return Array.from({ length: RENDEZVOUS_PAIRS }, (_, offset) => ({
    index: first + offset,
    seed: rendezvousSeed(entropy, first + offset),
  }));
}

/** The record under the key of a root that names the newest root statement; `after` is the sequence of the one before. */
export function signRootHead(
  needs: Pick<MakeIdentityNeeds, 'clock' | 'makeRecord'>,
  { statement, root, after = 0 }: { readonly statement: RootStatement; readonly root: Signer; readonly after?: number },
): DirectoryRecord {
  const { epoch, hash, admins } = statement;
  return needs.makeRecord({
    publicKey: root.publicKey,
    sign: (message) => root.sign(message),
    sequence: nextSequence(needs.clock.now(), after),
    value: rootHeadValue.encode({ epoch, hash, admins, sources: [] }),
  });
}

/** The signer of a seed, which is wiped. */
export function signerOf(factory: SignerFactory, seed: Uint8Array): Signer {
  const made = factory.fromSeed(seed);
  seed.fill(0);
  return made;
}
