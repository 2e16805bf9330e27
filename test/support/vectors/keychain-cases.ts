import { type KeychainOpener, keychainRandomBytes, makeKeychain } from '../../../protocol/keychain.ts';
import { recoverySeed } from '../../../protocol/recovery-keys.ts';
import { makeStatement } from '../../../protocol/statement.ts';
import { xWingKey, xWingSealing } from '../x-wing.ts';
import { device, ENTROPY, ISSUED, keyOf, NETWORK, named, person } from './people.ts';
import type { Vector } from './vector-file.ts';

/** What the keychain of the vectors holds for every device. */
export const storage = {
  secrets: [
    { epoch: 1, catalogue: named('c'), dedup: named('d'), gear: named('g'), documents: named('o') },
    { epoch: 0, catalogue: named('c0'), dedup: named('d0'), gear: named('g0'), documents: named('o0') },
  ],
  nickname: 'alice',
  petnames: { bd1xyz: 'Bob from work' },
};
/** What it holds for admin devices. */
export const admin = { rendezvous: [0, 1, 2].map((index) => ({ index, seed: named(`pair ${index}`) })) };

/** Seals it to a first device, a second one that is no admin, and the recovery key. */
export async function keychainFor(own: KeychainOpener, plain: KeychainOpener, recovery: KeychainOpener) {
  const recipients = {
    devices: [own.publicKey, plain.publicKey],
    admins: [own.publicKey],
    recovery: recovery.publicKey,
  };
  const randomness = Uint8Array.from({ length: keychainRandomBytes(recipients) }, (_, index) => (index * 31) % 251);
  return makeKeychain({
    network: NETWORK,
    person,
    revision: 1,
    version: 4,
    issued: ISSUED,
    storage,
    admin,
    recipients,
    device,
    sealing: xWingSealing,
    randomness,
  });
}

export const own = await xWingKey(named('seal of the first device'));
export const plain = await xWingKey(named('seal of the second device'));
export const recovery = await xWingKey(recoverySeed(ENTROPY));
export const stranger = await xWingKey(named('seal of mallory'));
export const keychain = await keychainFor(own, plain, recovery);

const { statement, hash: _, ...body } = keychain;

function signedBy(signer: typeof device, change: Readonly<Record<string, unknown>>): Uint8Array {
  return makeStatement('keychain', { ...body, ...change }, signer).bytes;
}

/** Keychain documents: the form and the signature; that they open is a test of its own. */
export const keychainCases: readonly Vector[] = [
  {
    name: 'two-devices',
    expect: 'accept',
    comment: 'an admin device, another device and the recovery key; X-Wing seeds are SHA-256 of their names',
    bytes: statement.bytes,
  },
  {
    name: 'other-signer',
    expect: 'reject',
    comment: 'not signed by the device it names',
    bytes: signedBy(keyOf('mallory'), {}),
  },
  { name: 'version-zero', expect: 'reject', comment: 'versions begin with 1', bytes: signedBy(device, { version: 0 }) },
  {
    name: 'no-keys',
    expect: 'reject',
    comment: 'a section that nobody can open',
    bytes: signedBy(device, { admin: { ...body.admin, keys: [] } }),
  },
];
