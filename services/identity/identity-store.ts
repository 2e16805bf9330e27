import type { DirectoryRecord } from '../../ports/directory.ts';
import type { Disk } from '../../ports/disk.ts';
import type { StorageSecrets } from '../../ports/identity.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import { type IdentityFile, readIdentityFile } from '../../protocol/identity-file.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import {
  type DeviceKeys,
  KEY_FILE_RANDOM_BYTES,
  lockedKeyFile,
  openKeyFile,
  plainKeyFile,
} from '../../protocol/key-file.ts';
import { decodeLocal, encodeLocal } from '../../protocol/local-codec.ts';

/** Where removal is closed after a recovery, and what was found. Times in ms since 1970. */
export interface RecoveryState {
  readonly recoveredAt: number;
  /** Removal opens then, or earlier when all seats of the newest family have answered. */
  readonly readOnlyUntil: number;
  /** Suppliers that answered since the words were given. */
  readonly answered: readonly DeviceId[];
  readonly newest: { readonly at: number | null; readonly from: number; readonly of: number };
}

/** What a device keeps of its person beside keys and identity file. It holds secrets: the file is the owner's alone. */
export interface IdentityState {
  /** Public key of this device. */
  readonly device: Uint8Array;
  readonly nickname: string | null;
  /** When the nickname was taken, ms since 1970. */
  readonly nicknameSince: number;
  readonly wordsConfirmed: boolean;
  /** Newest epoch first. */
  readonly secrets: readonly StorageSecrets[];
  readonly rendezvous: readonly { readonly index: number; readonly seed: Uint8Array }[];
  /** The sealed keychain document, once the network id was known. */
  readonly keychain: { readonly version: number; readonly bytes: Uint8Array } | null;
  /** Signed with the words at hand: the head under each root. */
  readonly rootHeads: readonly DirectoryRecord[];
  /** Version of the document of ready-signed records that was made last. */
  readonly recordsVersion: number;
  readonly recovery: RecoveryState | null;
}

export interface IdentityFiles {
  /** Folder of identity file and state. */
  readonly identity: string;
  /** Folder of the key file. */
  readonly keys: string;
}

export interface LoadedIdentity {
  readonly keys: DeviceKeys;
  readonly file: IdentityFile;
  readonly state: IdentityState;
}

const PRIVATE = 0o600;
const PRIVATE_FOLDER = 0o700;

const keyPath = (files: IdentityFiles): string => `${files.keys}/device.key`;
const filePath = (files: IdentityFiles): string => `${files.identity}/identity.cbor`;
const statePath = (files: IdentityFiles): string => `${files.identity}/state.cbor`;

/** Reads and writes the identity of one home. The identity file is written last, so a home has a whole identity or none. */
export function createIdentityStore(needs: { readonly disk: Disk; readonly files: IdentityFiles }) {
  const { disk, files } = needs;

  const saveState = (state: IdentityState): Promise<void> =>
    disk.replaceFile(statePath(files), encodeLocal(state), PRIVATE);
  const saveFile = (file: IdentityFile): Promise<void> => disk.replaceFile(filePath(files), file.bytes, PRIVATE);

  return {
    exists: async (): Promise<boolean> => (await disk.stat(filePath(files))) !== undefined,

    /** Rejects with `IDENTITY_MISSING`, `PASSPHRASE_NEEDED` or `PASSPHRASE_WRONG`. */
    async load(passphrase?: string): Promise<LoadedIdentity> {
      try {
        const [keys, file, state] = await Promise.all([
          disk.readFile(keyPath(files)),
          disk.readFile(filePath(files)),
          disk.readFile(statePath(files)),
        ]);
        return {
          keys: openKeyFile(keys, passphrase),
          file: readIdentityFile(file),
          state: decodeLocal<IdentityState>(state),
        };
      } catch (error) {
        if (isBitDustError(error, 'FILE_NOT_FOUND'))
          throw new BitDustError('IDENTITY_MISSING', undefined, { cause: error });
        throw error;
      }
    },

    /** The public part, for which no passphrase is needed. */
    async loadPublic(): Promise<{ readonly file: IdentityFile; readonly state: IdentityState }> {
      const { file, state } = await Promise.all([disk.readFile(filePath(files)), disk.readFile(statePath(files))])
        .then(([bytes, stored]) => ({ file: readIdentityFile(bytes), state: decodeLocal<IdentityState>(stored) }))
        .catch((error: unknown) => {
          throw isBitDustError(error, 'FILE_NOT_FOUND') ? new BitDustError('IDENTITY_MISSING') : error;
        });
      return { file, state };
    },

    async create(
      identity: LoadedIdentity,
      options: { readonly passphrase?: string | undefined; readonly randomBytes: (length: number) => Uint8Array },
    ): Promise<void> {
      await disk.makeFolder(files.identity, PRIVATE_FOLDER);
      await disk.makeFolder(files.keys, PRIVATE_FOLDER);
      const { passphrase } = options;
      const keys =
        passphrase === undefined
          ? plainKeyFile(identity.keys)
          : lockedKeyFile(identity.keys, { passphrase, randomness: options.randomBytes(KEY_FILE_RANDOM_BYTES) });
      await disk.replaceFile(keyPath(files), keys, PRIVATE);
      await saveState(identity.state);
      await saveFile(identity.file);
    },
    saveState,
    saveFile,
  };
}

export type IdentityStore = ReturnType<typeof createIdentityStore>;
