import { encode } from './cbor.ts';
import type { SigningKey } from './ed25519.ts';
import { BitDustError } from './errors.ts';
import { concatBytes, equalBytes, labelled, sha256, textBytes, u64 } from './hash.ts';
import { LABELS } from './labels.ts';
import { LIMITS } from './limits.ts';
import { deviceKey, hash32, personKey, time } from './payload-parts.ts';
import { openOnce, sealOnce } from './sealed.ts';
import { array, bytes, decodeAs, int, map, nullable, record, type Shape, type Shaped, text } from './shape.ts';
import { bodyOf, makeStatement, parseStatement, type Statement, statementHash, verifyStatement } from './statement.ts';

const epoch = int(0, 2 ** 32 - 1);
const secret = bytes(32);
const RANDOM_BYTES_PER_KEY = 32;
const RANDOM_BYTES_PER_SEAL = 64;

const storageShape = map({
  secrets: array(
    map({ epoch, catalogue: secret, dedup: secret, gear: secret, documents: secret }),
    LIMITS.storageEpochsMax.value,
    1,
  ),
  nickname: nullable(text(32)),
  petnames: record(text(64), LIMITS.petnamesMax.value),
});
const adminShape = map({
  rendezvous: array(map({ index: epoch, seed: secret }), LIMITS.rendezvousPairsMax.value),
});

/** What every device of the person needs: the storage secrets by epoch, and the names the person gives. */
export type KeychainStorage = Shaped<typeof storageShape>;
/** What only admin devices need: the rendezvous pairs of the recovery records. */
export type KeychainAdmin = Shaped<typeof adminShape>;

const sectionShape = map({
  sealed: bytes({ min: 16, max: LIMITS.documentBytesMax.value }),
  keys: array(map({ to: hash32, sealed: bytes({ min: 48, max: 2048 }) }), LIMITS.devicesMax.value + 1, 1),
});
const bodyShape = map({
  network: hash32,
  person: personKey,
  device: deviceKey,
  revision: int(1),
  version: int(1),
  issued: time,
  storage: sectionShape,
  admin: sectionShape,
});
type Section = Shaped<typeof sectionShape>;
type SectionName = 'storage' | 'admin';

/** A keychain document whose signature holds; its sections are still sealed. */
export interface Keychain extends Shaped<typeof bodyShape> {
  readonly statement: Statement;
  readonly hash: Uint8Array;
}

/** The part of the sealing port that writing needs. */
export interface KeychainSealing {
  seal(options: {
    readonly to: Uint8Array;
    readonly kind: 'x-wing';
    readonly label: string;
    readonly purpose: Uint8Array;
    readonly plaintext: Uint8Array;
    readonly randomness: Uint8Array;
  }): Promise<Uint8Array>;
}

/** A private X-Wing key as the sealing port gives it: of a device, or the recovery key. */
export interface KeychainOpener {
  readonly publicKey: Uint8Array;
  open(sealed: Uint8Array, options: { readonly label: string; readonly purpose: Uint8Array }): Promise<Uint8Array>;
}

/** Who can open what: all devices and the recovery key the storage section, admin devices and the recovery key the other. */
export interface KeychainRecipients {
  readonly devices: readonly Uint8Array[];
  readonly admins: readonly Uint8Array[];
  readonly recovery: Uint8Array;
}

/** Random bytes that `makeKeychain` uses up. */
export function keychainRandomBytes(recipients: KeychainRecipients): number {
  const seals = recipients.devices.length + recipients.admins.length + 2;
  return 2 * RANDOM_BYTES_PER_KEY + seals * RANDOM_BYTES_PER_SEAL;
}

function purposeOf(place: { readonly person: Uint8Array; readonly version: number }, section: SectionName): Uint8Array {
  return concatBytes(place.person, u64(place.version), textBytes(section));
}

function associatedWith(purpose: Uint8Array): Uint8Array {
  return labelled(LABELS.keychainContent, purpose);
}

async function sealSection(options: {
  readonly content: Uint8Array;
  readonly purpose: Uint8Array;
  readonly to: readonly Uint8Array[];
  readonly sealing: KeychainSealing;
  readonly draw: (length: number) => Uint8Array;
}): Promise<Section> {
  const { content, purpose, to, sealing, draw } = options;
  const key = draw(RANDOM_BYTES_PER_KEY);
  const keys: { readonly to: Uint8Array; readonly sealed: Uint8Array }[] = [];
  for (const recipient of to) {
    const randomness = draw(RANDOM_BYTES_PER_SEAL);
    const sealed = await sealing.seal({
      to: recipient,
      kind: 'x-wing',
      label: LABELS.keychainKey,
      purpose,
      plaintext: key,
      randomness,
    });
    keys.push({ to: sha256(recipient), sealed });
  }
  const sealed = sealOnce(key, content, associatedWith(purpose));
  key.fill(0);
  return { sealed, keys };
}

function drawFrom(randomness: Uint8Array): (length: number) => Uint8Array {
  let at = 0;
  return (length) => {
    const drawn = randomness.slice(at, at + length);
    at += length;
    if (drawn.length < length) throw new RangeError('too few random bytes for the keychain');
    return drawn;
  };
}

/** Seals both sections and signs the document. `randomness` has `keychainRandomBytes(recipients)` fresh bytes. */
export async function makeKeychain(options: {
  readonly network: Uint8Array;
  readonly person: Uint8Array;
  /** Revision of the device list it is written under. */
  readonly revision: number;
  readonly version: number;
  readonly issued: number;
  readonly storage: KeychainStorage;
  readonly admin: KeychainAdmin;
  readonly recipients: KeychainRecipients;
  readonly device: SigningKey;
  readonly sealing: KeychainSealing;
  readonly randomness: Uint8Array;
}): Promise<Keychain> {
  const { network, person, revision, version, issued, recipients, device, sealing } = options;
  const draw = drawFrom(options.randomness);
  const sealed = (section: SectionName, content: unknown, devices: readonly Uint8Array[]) =>
    sealSection({
      content: encode(content),
      purpose: purposeOf(options, section),
      to: [...devices, recipients.recovery],
      sealing,
      draw,
    });
  const storage = await sealed('storage', storageShape.check(options.storage, 'keychain'), recipients.devices);
  const admin = await sealed('admin', adminShape.check(options.admin, 'keychain'), recipients.admins);
  const body = { network, person, device: device.publicKey, revision, version, issued, storage, admin };
  const { bytes: made } = makeStatement('keychain', body, device);
  if (made.length > LIMITS.documentBytesMax.value) throw new BitDustError('TOO_LARGE', 'the keychain does not fit');
  return readKeychain(made);
}

/** Reads and verifies a keychain under the device it names. That the owner's lists have this device is the caller's check. */
export function readKeychain(input: Uint8Array): Keychain {
  const statement = parseStatement(input, { type: 'keychain', bytesMax: LIMITS.documentBytesMax.value });
  const body = bodyOf(statement, bodyShape);
  verifyStatement(statement, { type: 'keychain', keys: [body.device] });
  return { ...body, statement, hash: statementHash(statement) };
}

async function openSection<Value>(
  keychain: Keychain,
  section: SectionName,
  opener: KeychainOpener,
  shape: Shape<Value>,
): Promise<Value> {
  const { sealed, keys } = keychain[section];
  const to = sha256(opener.publicKey);
  const own = keys.find((key) => equalBytes(key.to, to));
  if (own === undefined) throw new BitDustError('SEAL_BROKEN', 'the keychain is not sealed to this key');
  const purpose = purposeOf(keychain, section);
  const key = await opener.open(own.sealed, { label: LABELS.keychainKey, purpose });
  if (key.length !== RANDOM_BYTES_PER_KEY) throw new BitDustError('SEAL_BROKEN');
  const content = openOnce(key, sealed, associatedWith(purpose));
  return decodeAs(shape, content, { bytesMax: LIMITS.documentBytesMax.value, name: `keychain ${section}` });
}

/** Opens the storage section with the seal key of a device or with the recovery key. */
export function openKeychainStorage(keychain: Keychain, opener: KeychainOpener): Promise<KeychainStorage> {
  return openSection(keychain, 'storage', opener, storageShape);
}

/** Opens the admin section; `SEAL_BROKEN` for a device that is no admin. */
export function openKeychainAdmin(keychain: Keychain, opener: KeychainOpener): Promise<KeychainAdmin> {
  return openSection(keychain, 'admin', opener, adminShape);
}
