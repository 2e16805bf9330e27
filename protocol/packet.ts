import { decode, encode } from './cbor.ts';
import { COMMANDS, type Command, type CommandRow, checkPayload, isCommand, PACKET_BYTES_MAX } from './commands.ts';
import { BitDustError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { anything, array, bytes, int, map, nullable, record, text } from './shape.ts';

/** A stream beside a packet: its number in the session and how many bytes will come. */
export interface PacketStream {
  readonly id: number;
  readonly length: number;
}

/** The unit of meaning inside a session. `owner` is whom it serves, when that is not the sender's own person. */
export interface Packet {
  readonly command: Command;
  readonly n: number;
  /** The `n` of the request it answers; null for a request. */
  readonly re: number | null;
  readonly owner: Uint8Array | null;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly streams: readonly PacketStream[];
}

const packetShape = map({
  command: text(32),
  n: int(),
  re: nullable(int()),
  owner: nullable(bytes(32)),
  payload: record(anything, 64),
  streams: array(map({ id: int(0, 2 ** 32 - 1), length: int() }), LIMITS.piecesPerPacketMax.value),
});

function refuseStreams(packet: Packet, row: { readonly streamsMax: number; readonly streamBytesMax: number }): void {
  if (packet.streams.length > row.streamsMax) {
    throw new BitDustError('ENCODING_INVALID', `${packet.command} has too many streams`);
  }
  if (packet.streams.some(({ length }) => length > row.streamBytesMax)) {
    throw new BitDustError('TOO_LARGE', `a stream of ${packet.command} is too long`);
  }
}

/** Encodes a packet. Throws `TOO_LARGE` when it is beyond the limit of its command, so that nobody sends what is refused. */
export function encodePacket(packet: Packet): Uint8Array {
  const encoded = encode({
    command: packet.command,
    n: packet.n,
    re: packet.re,
    owner: packet.owner,
    payload: packet.payload,
    streams: packet.streams.map(({ id, length }) => ({ id, length })),
  });
  if (encoded.length > COMMANDS[packet.command].bytesMax) {
    throw new BitDustError('TOO_LARGE', `${packet.command} has ${encoded.length} bytes`);
  }
  return encoded;
}

/**
 * Reads a packet: size, encoding, known command. A request's payload is checked by its row here; an answer's payload is
 * checked by `checkAnswer`, once `re` told which request it answers. `COMMAND_UNKNOWN` when it is of another version.
 */
export function decodePacket(input: Uint8Array): Packet {
  const outer = packetShape.check(decode(input, { bytesMax: PACKET_BYTES_MAX }), 'packet');
  const { command } = outer;
  if (!isCommand(command)) throw new BitDustError('COMMAND_UNKNOWN', undefined, { details: { command } });
  const row: CommandRow = COMMANDS[command];
  if (input.length > row.bytesMax) throw new BitDustError('TOO_LARGE', `${command} has ${input.length} bytes`);
  const isAnswer = outer.re !== null;
  const onlyAnswers = row.who.includes('asked');
  if (onlyAnswers !== isAnswer && command !== 'Identity') {
    throw new BitDustError('ENCODING_INVALID', `${command} ${isAnswer ? 'answers nothing' : 'must answer a request'}`);
  }
  const packet: Packet = { ...outer, command };
  if (isAnswer && command !== 'Fail') return packet;
  refuseStreams(packet, row);
  return { ...packet, payload: checkPayload(command, outer.payload) as Readonly<Record<string, unknown>> };
}

/** Bounds the streams of an answer by the row of the request. */
export function checkAnswerStreams(request: Command, answer: Packet): void {
  const row: CommandRow = COMMANDS[request];
  refuseStreams(answer, row.answer ?? { streamsMax: 0, streamBytesMax: 0 });
}
