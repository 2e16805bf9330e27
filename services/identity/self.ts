import type { Self } from '../../ports/identity.ts';
import type { Sealing } from '../../ports/sealing.ts';
import type { Signer, SignerFactory } from '../../ports/signer.ts';
import type { Clock, Random } from '../../ports/world.ts';
import type { IdentityFile } from '../../protocol/identity-file.ts';
import { deviceIdFrom, personIdFrom } from '../../protocol/ids.ts';
import { keychainRandomBytes, makeKeychain } from '../../protocol/keychain.ts';
import type { IdentityState, IdentityStore, LoadedIdentity } from './identity-store.ts';

export interface OpenSelfNeeds {
  readonly store: IdentityStore;
  readonly loaded: LoadedIdentity;
  readonly networkId: Uint8Array;
  readonly signer: SignerFactory;
  readonly sealing: Sealing;
  readonly random: Random;
  readonly clock: Pick<Clock, 'now'>;
}

/** `Self` with the parts that only chapter identity changes. */
export interface OwnSelf extends Self {
  file(): IdentityFile;
  state(): IdentityState;
  /** Durable on return. */
  change(alter: (state: IdentityState) => IdentityState): Promise<void>;
  changeFile(file: IdentityFile): Promise<void>;
}

/** Opens who this node is; writes the keychain document the first time the network id is known. */
export async function openSelf(needs: OpenSelfNeeds): Promise<OwnSelf> {
  const { store, loaded, networkId } = needs;
  const signer = needs.signer.fromSeed(Uint8Array.from(loaded.keys.device));
  const admin = needs.signer.fromSeed(Uint8Array.from(loaded.keys.admin));
  const seal = await needs.sealing.xWingKey(Uint8Array.from(loaded.keys.seal));
  let { file, state } = loaded;

  async function change(alter: (state: IdentityState) => IdentityState): Promise<void> {
    state = alter(state);
    await store.saveState(state);
  }

  const self: OwnSelf = {
    person: personIdFrom(file.person),
    device: deviceIdFrom(signer.publicKey),
    personKey: file.person,
    deviceKey: signer.publicKey,
    signer,
    admin,
    seal,
    revision: () => file.head.revision,
    identityFile: () => file.bytes,
    nickname: () => state.nickname,
    secrets: () => state.secrets,
    keychain: () => state.keychain ?? { version: 0, bytes: new Uint8Array(0) },
    networkId,
    file: () => file,
    state: () => state,
    change,
    async changeFile(next) {
      file = next;
      await store.saveFile(next);
    },
  };
  if (state.keychain === null) {
    const keychain = await sealKeychain(needs, { networkId, file, state, signer });
    await change((before) => ({ ...before, keychain }));
  }
  return self;
}

/** Seals the storage secrets and rendezvous pairs to the devices and the recovery key, as the next version. */
export async function sealKeychain(
  needs: Pick<OpenSelfNeeds, 'sealing' | 'random' | 'clock'>,
  own: {
    readonly networkId: Uint8Array;
    readonly file: IdentityFile;
    readonly state: IdentityState;
    readonly signer: Signer;
  },
): Promise<{ readonly version: number; readonly bytes: Uint8Array }> {
  const { file, state } = own;
  const { secrets, nickname, rendezvous } = state;
  const version = (state.keychain?.version ?? 0) + 1;
  const seals = file.list.devices.map((device) => device.seal);
  const recipients = { devices: seals, admins: seals, recovery: file.root.recovery };
  const keychain = await makeKeychain({
    network: own.networkId,
    person: file.person,
    revision: file.head.revision,
    version,
    issued: needs.clock.now(),
    storage: { secrets: [...secrets], nickname, petnames: {} },
    admin: { rendezvous: [...rendezvous] },
    recipients,
    device: own.signer,
    sealing: needs.sealing,
    randomness: needs.random.bytes(keychainRandomBytes(recipients)),
  });
  return { version, bytes: keychain.statement.bytes };
}
