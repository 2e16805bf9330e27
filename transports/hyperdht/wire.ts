import messages, { type Codec } from 'hyperdht/lib/messages.js';
import Persistent from 'hyperdht/lib/persistent.js';
import type { DirectoryRecord } from '../../ports/directory.ts';
import { encode } from '../../protocol/cbor.ts';
import { bytes, decodeAs, int, map, text } from '../../protocol/shape.ts';

/** The commands of hyperdht that the directory knows, and its own. */
export const COMMANDS = {
  lookup: 3,
  announce: 4,
  unannounce: 5,
  mutablePut: 6,
  mutableGet: 7,
  /** Asks a node of which network it is: id, name and time. Requests are padded, so that nobody is flooded by answers. */
  network: 64,
} as const;

/** Size of a request for the network: larger than the answer. */
export const NETWORK_REQUEST_BYTES = 400;

const NETWORK_NAME_BYTES_MAX = 64;

/** What a node answers to command 64. */
export interface NetworkAnswer {
  readonly id: Uint8Array;
  readonly name: string;
  readonly timeMs: number;
}

const NETWORK_ANSWER = map({ id: bytes(32), name: text(NETWORK_NAME_BYTES_MAX), time: int() });

/** Strict CBOR `{id, name, time}`. */
export function encodeNetworkAnswer(answer: NetworkAnswer): Uint8Array {
  return encode({ id: answer.id, name: answer.name, time: Math.floor(answer.timeMs) });
}

/** Null when it is not an answer of this version. */
export function decodeNetworkAnswer(answer: Uint8Array): NetworkAnswer | null {
  try {
    const { id, name, time } = decodeAs(NETWORK_ANSWER, answer, { bytesMax: NETWORK_REQUEST_BYTES });
    return { id: Uint8Array.from(id), name, timeMs: time };
  } catch {
    return null;
  }
}

/** Decodes a message of hyperdht; null when it is malformed. */
export function decodeMessage<Value>(codec: Codec<Value>, message: Uint8Array | null): Value | null {
  if (message === null) return null;
  try {
    return codec.decode({ start: 0, end: message.length, buffer: message });
  } catch {
    return null;
  }
}

/** Encodes a message of hyperdht. */
export function encodeMessage<Value>(codec: Codec<Value>, value: Value): Uint8Array {
  const state = { start: 0, end: 0, buffer: null as Uint8Array | null };
  codec.preencode(state, value);
  state.buffer = Buffer.alloc(state.end);
  codec.encode(state, value);
  return state.buffer;
}

/** True when the signature holds for the record's key, sequence and value. */
export function isRecordSigned(record: DirectoryRecord): boolean {
  if (record.publicKey.length !== 32 || record.signature.length !== 64) return false;
  return Persistent.verifyMutable(
    Buffer.from(record.signature),
    record.sequence,
    Buffer.from(record.value),
    Buffer.from(record.publicKey),
  );
}

/** The request that stores a ready-signed record. */
export function encodePut(record: DirectoryRecord): Uint8Array {
  const { publicKey, value, signature } = record;
  return encodeMessage(messages.mutablePutRequest, { publicKey, seq: record.sequence, value, signature });
}
