import { createHash } from 'node:crypto';
import type { Self } from '../../ports/identity.ts';
import { makeDeviceList } from '../../protocol/device-list.ts';
import { signingKeyFromSeed } from '../../protocol/ed25519.ts';
import { makeIdentityFile } from '../../protocol/identity-file.ts';
import { deviceIdFrom, personIdFrom } from '../../protocol/ids.ts';
import { commitToRoot, makeRootStatement, X_WING_KEY_BYTES } from '../../protocol/root-statement.ts';
import { createSignerFactory } from '../../transports/session/signer.ts';

const ISSUED = 1_750_000_000_000;

/** A whole identity with one device, made from a name: the same name gives the same keys. */
export function selfOf(name: string, options: { readonly networkId?: Uint8Array } = {}): Self {
  const seed = (use: string): Buffer => createHash('sha256').update(`${name}/${use}`).digest();
  const [root, next, admin] = ['root', 'next', 'admin'].map((use) => signingKeyFromSeed(seed(use))) as [
    ReturnType<typeof signingKeyFromSeed>,
    ReturnType<typeof signingKeyFromSeed>,
    ReturnType<typeof signingKeyFromSeed>,
  ];
  const signer = createSignerFactory().fromSeed(seed('device'));
  const sealKey = new Uint8Array(X_WING_KEY_BYTES).fill(seed('seal')[0] as number);
  const statement = makeRootStatement(
    {
      person: root.publicKey,
      epoch: 0,
      root: root.publicKey,
      next: commitToRoot(next.publicKey),
      admins: [admin.publicKey],
      recovery: sealKey,
      list: null,
      prev: null,
      issued: ISSUED,
    },
    root,
  );
  const list = makeDeviceList(
    {
      person: root.publicKey,
      epoch: 0,
      revision: 1,
      prev: null,
      devices: [{ key: signer.publicKey, seal: sealKey, added: ISSUED }],
      mailbox: null,
      issued: ISSUED,
      expires: ISSUED + 400 * 86_400_000,
    },
    admin,
  );
  const file = makeIdentityFile([statement], [list]);
  return {
    person: personIdFrom(root.publicKey),
    device: deviceIdFrom(signer.publicKey),
    personKey: root.publicKey,
    deviceKey: signer.publicKey,
    signer,
    admin,
    seal: { publicKey: sealKey, open: () => Promise.reject(new Error('nothing is sealed to a sample')) },
    revision: () => file.head.revision,
    identityFile: () => file.bytes,
    nickname: () => name,
    secrets: () => [],
    keychain: () => ({ version: 0, bytes: new Uint8Array() }),
    networkId: options.networkId ?? new Uint8Array(32).fill(1),
  };
}
