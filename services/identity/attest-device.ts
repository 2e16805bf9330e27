import type { Directory, DirectoryRecord } from '../../ports/directory.ts';
import type { SealingKey } from '../../ports/sealing.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Clock } from '../../ports/world.ts';
import { makeDeviceList } from '../../protocol/device-list.ts';
import { type IdentityFile, makeIdentityFile } from '../../protocol/identity-file.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { commitToRoot, makeRootStatement } from '../../protocol/root-statement.ts';
import { LIST_LIFE_MS, signRootHead } from './make-identity.ts';

/** Puts a new device and its admin key into an identity, under the next root; whoever was listed stays so. */
export function attestDevice(options: {
  readonly file: IdentityFile;
  readonly root: (epoch: number) => Signer;
  readonly device: Uint8Array;
  readonly admin: Signer;
  readonly seal: SealingKey;
  readonly now: number;
}): IdentityFile {
  const { file, root, device, admin, seal, now } = options;
  const { person } = file;
  const epoch = file.head.epoch + 1;
  const next = root(epoch);
  const statement = makeRootStatement(
    {
      person,
      epoch,
      root: next.publicKey,
      next: commitToRoot(root(epoch + 1).publicKey),
      admins: [...file.root.admins.slice(1 - LIMITS.adminsMax.value), admin.publicKey],
      recovery: file.root.recovery,
      list: { revision: file.list.revision, hash: file.list.hash },
      prev: file.root.hash,
      issued: now,
    },
    next,
  );
  const list = makeDeviceList(
    {
      person,
      epoch,
      revision: file.list.revision + 1,
      prev: file.list.hash,
      devices: [
        ...file.list.devices.slice(1 - LIMITS.devicesMax.value),
        { key: device, seal: seal.publicKey, added: now },
      ],
      mailbox: file.list.mailbox,
      issued: now,
      expires: now + LIST_LIFE_MS,
    },
    admin,
  );
  return makeIdentityFile([...file.roots, statement], [list]);
}

/** The head under every root so far, so that a reader who knows any of them finds the newest. */
export function signRootHeads(
  needs: { readonly clock: Pick<Clock, 'now'>; readonly makeRecord: Directory['makeRecord'] },
  options: { readonly file: IdentityFile; readonly root: (epoch: number) => Signer; readonly after: number },
): readonly DirectoryRecord[] {
  const { file, root, after } = options;
  return file.roots.map(({ epoch }) => signRootHead(needs, { statement: file.root, root: root(epoch), after }));
}
