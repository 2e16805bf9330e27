import { type DeviceListBody, makeDeviceList } from '../../../protocol/device-list.ts';
import { type SigningKey, signingKeyFromSeed } from '../../../protocol/ed25519.ts';
import { sha256, textBytes } from '../../../protocol/hash.ts';
import { rootSeed } from '../../../protocol/recovery-keys.ts';
import { commitToRoot, makeRootStatement, type RootBody, X_WING_KEY_BYTES } from '../../../protocol/root-statement.ts';

const DAY_MS = 86_400_000;
export const ISSUED = Date.UTC(2026, 0, 1);
export const NETWORK = sha256(textBytes('network of the vectors'));

/** 32 bytes that stand for something named. */
export function named(name: string): Uint8Array {
  return sha256(textBytes(name));
}

/** A key of a fixed seed. */
export function keyOf(name: string): SigningKey {
  return signingKeyFromSeed(named(name));
}

export const ENTROPY = named('words of alice');
export const alice = { root: [0, 1, 2, 3].map((epoch) => signingKeyFromSeed(rootSeed(ENTROPY, epoch))) };
export const admin = keyOf('admin of alice');
export const device = keyOf('device of alice');
export const person = alice.root[0]!.publicKey;

/** Stands for an X-Wing public key where only its length matters. */
export function sealKeyOf(name: string): Uint8Array {
  return new Uint8Array(X_WING_KEY_BYTES).fill(named(name)[0]!);
}

/** Body of the root statement of an epoch, changed as told. */
export function rootBody(epoch: number, change: Partial<RootBody> = {}): RootBody {
  return {
    person,
    epoch,
    root: alice.root[epoch]!.publicKey,
    next: commitToRoot(alice.root[epoch + 1]!.publicKey),
    admins: [admin.publicKey],
    recovery: sealKeyOf('recovery of alice'),
    list: null,
    prev: null,
    issued: ISSUED,
    ...change,
  };
}

/** Body of a device list, changed as told. */
export function listBody(change: Partial<DeviceListBody> = {}): DeviceListBody {
  return {
    person,
    epoch: 0,
    revision: 1,
    prev: null,
    devices: [{ key: device.publicKey, seal: sealKeyOf('device of alice'), added: ISSUED }],
    mailbox: null,
    issued: ISSUED,
    expires: ISSUED + 400 * DAY_MS,
    ...change,
  };
}

export const root0 = makeRootStatement(rootBody(0), alice.root[0]!);
export const list1 = makeDeviceList(listBody(), admin);
export const list2 = makeDeviceList(listBody({ revision: 2, prev: list1.hash }), admin);
export const root1 = makeRootStatement(
  rootBody(1, { prev: root0.hash, list: { revision: 2, hash: list2.hash }, admins: [keyOf('new admin').publicKey] }),
  alice.root[1]!,
);
export const list3 = makeDeviceList(listBody({ epoch: 1, revision: 3, prev: list2.hash }), keyOf('new admin'));
