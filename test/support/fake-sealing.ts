import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Sealing, SealingKey } from '../../ports/sealing.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { concatBytes, labelled, sha256 } from '../../protocol/hash.ts';

const SIZES = {
  x25519: { publicKey: 32, encapsulated: 32, randomness: 32 },
  'x-wing': { publicKey: 1216, encapsulated: 1120, randomness: 64 },
} as const;
type Kind = keyof typeof SIZES;

const TAG_BYTES = 16;
const NONCE = new Uint8Array(12);

/** So many bytes that depend on all parts. */
function stretch(length: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(length);
  const root = sha256(...parts);
  for (let at = 0; at < length; at += 32)
    out.set(sha256(root, Uint8Array.of(at >> 8, at)).subarray(0, length - at), at);
  return out;
}

function keyFor(
  encapsulated: Uint8Array,
  to: Uint8Array,
  about: { readonly label: string; readonly purpose: Uint8Array },
) {
  const info = labelled(about.label, to, about.purpose);
  return sha256(encapsulated, info);
}

/** Opens what the fake sealed to a public key, synchronously; the secret half is not needed, for nobody here attacks. */
export function fakeOpen(
  kind: Kind,
  to: Uint8Array,
  options: { readonly sealed: Uint8Array; readonly label: string; readonly purpose: Uint8Array },
): Uint8Array {
  const { sealed } = options;
  const { encapsulated } = SIZES[kind];
  if (sealed.length < encapsulated + TAG_BYTES) throw new BitDustError('SEAL_BROKEN');
  const decipher = createDecipheriv('aes-256-gcm', keyFor(sealed.subarray(0, encapsulated), to, options), NONCE);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const plaintext = decipher.update(sealed.subarray(encapsulated, -TAG_BYTES));
    decipher.final();
    return new Uint8Array(plaintext);
  } catch (cause) {
    throw new BitDustError('SEAL_BROKEN', undefined, { cause });
  }
}

function fakeSeal(options: Parameters<Sealing['seal']>[0]): Uint8Array {
  const { to, kind, plaintext, randomness } = options;
  const sizes = SIZES[kind];
  if (to.length !== sizes.publicKey || to.every((byte) => byte === 0)) throw new BitDustError('KEY_INVALID');
  if (randomness.length !== sizes.randomness) throw new RangeError(`${sizes.randomness} random bytes are needed`);
  const encapsulated = stretch(sizes.encapsulated, randomness);
  const cipher = createCipheriv('aes-256-gcm', keyFor(encapsulated, to, options), NONCE);
  return concatBytes(encapsulated, cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** A key of the fake, for whoever needs one synchronously. */
export function fakeSealingKey(kind: Kind, publicKey: Uint8Array): SealingKey {
  return { publicKey, open: async (sealed, about) => fakeOpen(kind, publicKey, { sealed, ...about }) };
}

/** Sealing for the seeded world: same sizes and refusals as HPKE, all of it synchronous inside, and no secret at all. */
export function createFakeSealing(): Sealing {
  return {
    xWingKey: async (seed) => {
      if (seed.length !== 32) throw new RangeError('an X-Wing seed has 32 bytes');
      return fakeSealingKey('x-wing', stretch(SIZES['x-wing'].publicKey, Uint8Array.from(seed)));
    },
    seal: async (options) => fakeSeal(options),
  };
}
