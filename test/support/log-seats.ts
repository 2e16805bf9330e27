import type { Messenger, ReceivedAnswer } from '../../ports/messenger.ts';
import type { OrderLog } from '../../ports/order-logs.ts';
import { type Command, checkAnswer, checkPayload } from '../../protocol/commands.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { frameItems, unframeItems } from '../../protocol/framed.ts';
import { concatBytes, equalBytes, sha256, toHex } from '../../protocol/hash.ts';
import { type DeviceId, deviceIdFrom } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { writeHead } from '../../protocol/log-content.ts';
import { headsDigest, type LogHead } from '../../protocol/log-place.ts';
import { makeReceipt } from '../../protocol/receipt.ts';
import { createLogHolder } from './log-stores.ts';
import { deviceOf, keyOf, NETWORK, OWNER } from './log-writer.ts';

/** A seat of the tests: an honest holder of logs with switches for what goes wrong. */
export interface FakeSeat {
  readonly device: DeviceId;
  log: OrderLog;
  online: boolean;
  /** Serves these heads in place of its own. */
  lies: readonly LogHead[] | null;
  /** Requests wait for ever. */
  silent: boolean;
  readonly documents: Map<string, number>;
  readonly asked: string[];
}

async function read(bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (bytes instanceof Uint8Array) return bytes;
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return concatBytes(...parts);
}

/** Seats by number of their key, and the messenger that reaches them. */
export async function createFakeSeats(numbers: readonly number[]) {
  const seats = new Map<DeviceId, FakeSeat>();
  for (const number of numbers) {
    const log = await (await createLogHolder().open()).logs.of(OWNER);
    const device = deviceOf(number);
    seats.set(device, { device, log, online: true, lies: null, silent: false, documents: new Map(), asked: [] });
  }

  function receipt(number: number, seat: FakeSeat, hash: string | null = null): Uint8Array {
    const heads = seat.log.heads();
    return makeReceipt({ network: NETWORK, owner: OWNER, holder: seat.device, hash, heads, at: 1 }, keyOf(number))
      .bytes;
  }

  async function answer(seat: FakeSeat, command: Command, payload: Record<string, unknown>, body: Uint8Array) {
    const number = numbers.find((one) => deviceOf(one) === seat.device)!;
    if (command === 'AppendLog') {
      const { applied, refused } = await seat.log.accept(unframeItems(body, LIMITS.logEntryBytesMax.value));
      return { payload: { receipt: receipt(number, seat), applied, refused }, stream: null };
    }
    if (command === 'PutDocument') {
      seat.documents.set(String(payload['name']), Number(payload['version']));
      return { payload: { receipt: receipt(number, seat, toHex(sha256(body))) }, stream: null };
    }
    if (payload['ask'] === 'heads') {
      const heads = seat.lies ?? seat.log.heads();
      const digest = headsDigest(heads);
      const known = payload['digest'] as Uint8Array;
      return { payload: { digest, heads: equalBytes(known, digest) ? null : heads.map(writeHead) }, stream: null };
    }
    const device = deviceIdFrom(payload['device'] as Uint8Array);
    const items: Uint8Array[] = [];
    const range = {
      device,
      log: toHex(payload['log'] as Uint8Array),
      from: Number(payload['from']),
      to: Number(payload['to']),
    };
    for await (const item of seat.log.entries(range)) items.push(item);
    return { payload: { from: range.from, to: range.to, count: items.length }, stream: frameItems(items) };
  }

  const messenger: Pick<Messenger, 'request'> = {
    async request(peer, command, payload, { signal, streams = [] }): Promise<ReceivedAnswer> {
      const seat = seats.get(peer);
      checkPayload(command as never, payload);
      seat?.asked.push(command);
      if (seat?.silent) {
        return new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new BitDustError('PEER_SILENT'))),
        );
      }
      if (seat === undefined || !seat.online) throw new BitDustError('PEER_UNREACHABLE');
      const body = streams[0] === undefined ? new Uint8Array(0) : await read(streams[0].bytes);
      const { payload: made, stream } = await answer(seat, command, payload as Record<string, unknown>, body);
      checkAnswer(command as never, 'Ack', made);
      return {
        payload: made,
        streams:
          stream === null
            ? []
            : [
                {
                  length: stream.length,
                  read: async function* () {
                    yield stream;
                  },
                  collect: async () => stream,
                  cancel: () => undefined,
                },
              ],
      };
    },
  };
  return { seats, seat: (number: number) => seats.get(deviceOf(number))!, messenger: messenger as Messenger };
}
