import { encode } from './cbor.ts';
import { BitDustError } from './errors.ts';
import { labelledHash, textBytes, u32 } from './hash.ts';
import { LABELS } from './labels.ts';
import { LIMITS } from './limits.ts';
import { deviceKey, hash32 } from './payload-parts.ts';
import { addressText } from './profile.ts';
import { array, bytes, decodeAs, int, map, type Shape, type Shaped } from './shape.ts';

const epoch = int(0, 2 ** 32 - 1);

const rootHeadShape = map({
  epoch,
  hash: hash32,
  admins: array(bytes(32), LIMITS.adminsMax.value, 1),
  sources: array(map({ device: deviceKey, address: addressText }), 3),
});
const listHeadShape = map({ network: hash32, epoch, revision: int(1, 2 ** 32 - 1), hash: hash32 });
const presenceShape = map({
  network: hash32,
  addresses: array(addressText, LIMITS.addressesMax.value),
  profile: hash32,
});

/** Under the person id: the newest root statement, who may write lists, and who has the file. */
export type RootHeadValue = Shaped<typeof rootHeadShape>;
/** Under an admin key: the newest device list. */
export type ListHeadValue = Shaped<typeof listHeadShape>;
/** Under the device key of a device that can be reached. */
export type PresenceValue = Shaped<typeof presenceShape>;

interface ValueCodec<Value> {
  /** `TOO_LARGE` beyond the size of its row. */
  encode(value: Value): Uint8Array;
  decode(input: Uint8Array): Value;
}

function codec<Value>(shape: Shape<Value>, name: string, bytesMax: number): ValueCodec<Value> {
  return {
    encode: (value) => {
      const encoded = encode(shape.check(value, name));
      if (encoded.length > bytesMax) throw new BitDustError('TOO_LARGE', `${name} has ${encoded.length} bytes`);
      return encoded;
    },
    decode: (input) => decodeAs(shape, input, { bytesMax, name }),
  };
}

export const rootHeadValue = codec(rootHeadShape, 'root head', 700);
export const listHeadValue = codec(listHeadShape, 'list head', 200);
export const presenceValue = codec(presenceShape, 'presence', 400);

/** The four targets under which holders of a person's identity file are announced. */
export function identityHolderTargets(network: Uint8Array, person: Uint8Array): readonly Uint8Array[] {
  return [0, 1, 2, 3].map((index) => labelledHash(LABELS.identityHolder, network, person, u32(index)));
}

/** Where devices that offer a role are announced; `shard` spreads a role over many targets. */
export function roleTarget(network: Uint8Array, role: string, shard: number): Uint8Array {
  return labelledHash(LABELS.role, network, textBytes(role), new Uint8Array(1), u32(shard));
}

/** Where devices of people with this nickname are announced. */
export function nicknameTarget(network: Uint8Array, name: string): Uint8Array {
  return labelledHash(LABELS.nickname, network, textBytes(name));
}
