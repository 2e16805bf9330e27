import type { Sealing, SealingKey } from '../../ports/sealing.ts';
import type { Clock, Random } from '../../ports/world.ts';
import { encode } from '../../protocol/cbor.ts';
import { equalBytes, toHex } from '../../protocol/hash.ts';
import { LABELS } from '../../protocol/labels.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { bytes, decodeAs, int, map } from '../../protocol/shape.ts';

/** A knock on the wire. */
export const KNOCK_BYTES = 512;
const PLAINTEXT_BYTES = 464;
const VERSION = 1;
const NO_PURPOSE = new Uint8Array(0);

const KNOCK = map({ v: int(0, 1000), network: bytes(32), at: int(), nonce: bytes(16) });

/** Makes the knock for a device: only the holder of its key can read it, and it fits one network and ten minutes. */
export function makeKnock(options: {
  /** X25519 image of the device key. */
  readonly image: Uint8Array;
  readonly networkId: Uint8Array;
  readonly sealing: Pick<Sealing, 'seal'>;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<Uint8Array> {
  const { image, networkId, sealing, clock, random } = options;
  const nonce = random.bytes(16);
  const body = encode({ v: VERSION, network: networkId, at: Math.max(0, Math.floor(clock.now())), nonce });
  const plaintext = new Uint8Array(PLAINTEXT_BYTES);
  new DataView(plaintext.buffer).setUint16(0, body.length);
  plaintext.set(body, 2);
  plaintext.set(random.bytes(PLAINTEXT_BYTES - 2 - body.length), 2 + body.length);
  const randomness = random.bytes(32);
  return sealing.seal({ to: image, kind: 'x25519', label: LABELS.knock, purpose: NO_PURPOSE, plaintext, randomness });
}

/** Judges knocks for one device in one network, each at most once. */
export interface KnockJudge {
  /** True for a good knock. Never says why not, and never throws. */
  isGood(knock: Uint8Array): Promise<boolean>;
}

/** Keeps the nonces of good knocks for 20 min, so that a recorded one opens nothing. */
export function createKnockJudge(options: {
  readonly image: SealingKey;
  readonly networkId: Uint8Array;
  readonly clock: Clock;
}): KnockJudge {
  const { image, networkId, clock } = options;
  const seen = new Map<string, number>();
  const forgetOld = () => {
    for (const [nonce, at] of seen) {
      const isOld = clock.monotonic() - at > LIMITS.knockNonceMs.value;
      if (!isOld && seen.size < LIMITS.knockNoncesMax.value) return;
      seen.delete(nonce);
    }
  };
  const judge = (plaintext: Uint8Array): boolean => {
    const length = ((plaintext[0] ?? 0) << 8) | (plaintext[1] ?? 0);
    const body = decodeAs(KNOCK, plaintext.subarray(2, 2 + length), { bytesMax: PLAINTEXT_BYTES, name: 'knock' });
    if (body.v !== VERSION || !equalBytes(body.network, networkId)) return false;
    if (Math.abs(body.at - clock.now()) > LIMITS.knockAgeMs.value) return false;
    const nonce = toHex(body.nonce);
    if (seen.has(nonce)) return false;
    forgetOld();
    seen.set(nonce, clock.monotonic());
    return true;
  };
  return {
    isGood: async (knock) => {
      if (knock.length !== KNOCK_BYTES) return false;
      try {
        return judge(await image.open(knock, { label: LABELS.knock, purpose: NO_PURPOSE }));
      } catch {
        return false;
      }
    },
  };
}
