import { encodeBlockRecord } from '../../protocol/block-record.ts';
import { type SigningKey, signingKeyFromSeed } from '../../protocol/ed25519.ts';
import { toHex } from '../../protocol/hash.ts';
import { type DeviceId, deviceIdFrom, type LogId, type PersonId, personIdFrom } from '../../protocol/ids.ts';
import type { LogContent } from '../../protocol/log-content.ts';
import { type LogEntry, makeLogEntry } from '../../protocol/log-entry.ts';
import type { LogPlace } from '../../protocol/log-place.ts';

/** The network of the tests. */
export const NETWORK = new Uint8Array(32).fill(0xa5);

/** A signing key from a small number. */
export function keyOf(number: number): SigningKey {
  const seed = new Uint8Array(32);
  seed[0] = number & 0xff;
  seed[1] = number >> 8;
  seed[31] = 7;
  return signingKeyFromSeed(seed);
}

/** An owner's key stands for his person id only. */
export const OWNER: PersonId = personIdFrom(keyOf(1).publicKey);

/** A device of the tests by number. */
export function deviceOf(number: number): DeviceId {
  return deviceIdFrom(keyOf(number).publicKey);
}

/** A log id of the tests by number. */
export function logOf(number: number): LogId {
  return number.toString(16).padStart(32, '0');
}

/** An encoded block record whose roots come from a number. */
export function recordOf(number: number, { k = 2, n = 4, size = 8 * 1024 * 1024 } = {}): Uint8Array {
  const roots = new Uint8Array(n * 32);
  new DataView(roots.buffer).setUint32(0, number);
  return encodeBlockRecord({ k, n, size, seats: Uint8Array.from({ length: n }, (_, seat) => seat), roots });
}

/** Writes entries of one log, each chained to the one before. */
export class LogWriter {
  readonly device: DeviceId;
  readonly log: LogId;
  readonly #key: SigningKey;
  readonly #owner: PersonId;
  #seq = 0;
  #prev: string | null = null;

  constructor(options: { readonly device?: number; readonly log?: number; readonly owner?: PersonId } = {}) {
    this.#key = keyOf(options.device ?? 10);
    this.device = deviceIdFrom(this.#key.publicKey);
    this.log = logOf(options.log ?? 1);
    this.#owner = options.owner ?? OWNER;
  }

  get head(): LogPlace & { readonly hash: string } {
    return { device: this.device, log: this.log, seq: this.#seq, hash: this.#prev ?? '' };
  }

  /** The next entry; `fork` makes another one for the same place and does not go on. */
  write(
    content: LogContent,
    options: { readonly seen?: readonly LogPlace[]; readonly at?: number; readonly fork?: boolean } = {},
  ): LogEntry {
    const entry = makeLogEntry(
      {
        network: NETWORK,
        owner: this.#owner,
        device: this.device,
        revision: 1,
        log: this.log,
        seq: this.#seq + 1,
        prev: this.#prev,
        at: options.at ?? 1_700_000_000_000 + this.#seq,
        seen: options.seen ?? [],
      },
      content,
      this.#key,
    );
    if (options.fork !== true) {
      this.#seq += 1;
      this.#prev = entry.hash;
    }
    return entry;
  }
}

/** Hex of the ids of these encoded records, for comparing. */
export function hexOf(bytes: Uint8Array): string {
  return toHex(bytes);
}
