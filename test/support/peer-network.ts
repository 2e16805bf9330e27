import type { IncomingStream, Messenger, OutgoingStream, PeerRequest, ReceivedAnswer } from '../../ports/messenger.ts';
import { COMMANDS, type Command, checkAnswer, checkPayload } from '../../protocol/commands.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { concatBytes } from '../../protocol/hash.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';

type Handler = (
  request: PeerRequest,
) => Promise<{ payload: Readonly<Record<string, unknown>>; streams?: readonly OutgoingStream[] }>;

async function collected(bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (bytes instanceof Uint8Array) return bytes;
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return concatBytes(...parts);
}

async function incoming(stream: OutgoingStream): Promise<IncomingStream> {
  const bytes = await collected(stream.bytes);
  return {
    length: bytes.length,
    read: async function* () {
      for (let at = 0; at < bytes.length; at += 64 * 1024) yield bytes.slice(at, at + 64 * 1024);
    },
    collect: async (bytesMax) => {
      if (bytes.length > bytesMax) throw new BitDustError('TOO_LARGE');
      return bytes;
    },
    cancel: () => undefined,
  };
}

/** Devices that reach each other at once, with every packet checked by its shapes on both sides. */
export class PeerNetwork {
  readonly #handlers = new Map<DeviceId, Map<Command, Handler>>();
  readonly #persons = new Map<DeviceId, PersonId | null>();
  /** Devices nobody reaches now. */
  readonly down = new Set<DeviceId>();
  readonly sent: { readonly from: DeviceId; readonly to: DeviceId; readonly command: Command }[] = [];

  /** The messenger of one device; `person` is null for one that no newest list has. */
  join(device: DeviceId, person: PersonId | null): Messenger {
    const handlers = new Map<Command, Handler>();
    this.#handlers.set(device, handlers);
    this.#persons.set(device, person);
    const messenger: Pick<Messenger, 'links' | 'handle' | 'request'> = {
      links: () => [],
      handle: (command, handler) => {
        handlers.set(command, handler);
        return () => handlers.delete(command);
      },
      request: (peer, command, payload, options) => this.#request(device, { peer, command, payload, options }),
    };
    return messenger as Messenger;
  }

  async #request(
    from: DeviceId,
    {
      peer,
      command,
      payload,
      options,
    }: {
      peer: DeviceId;
      command: Command;
      payload: Readonly<Record<string, unknown>>;
      options: Parameters<Messenger['request']>[3];
    },
  ): Promise<ReceivedAnswer> {
    this.sent.push({ from, to: peer, command });
    if (this.down.has(peer) || this.down.has(from)) throw new BitDustError('PEER_UNREACHABLE');
    const handler = this.#handlers.get(peer)?.get(command);
    if (handler === undefined) throw new BitDustError('NOT_SERVED');
    const person = this.#persons.get(from) ?? null;
    const answer = await handler({
      command,
      from: { device: from, person },
      owner: options.owner ?? person,
      payload: checkPayload(command, payload) as Readonly<Record<string, unknown>>,
      streams: await Promise.all((options.streams ?? []).map(incoming)),
      exporter: new Uint8Array(32),
      link: `${from}>${peer}`,
      signal: options.signal,
    });
    const { answer: row } = COMMANDS[command];
    const checked = checkAnswer(command, row?.command ?? 'Ack', answer.payload);
    return {
      payload: checked as Readonly<Record<string, unknown>>,
      streams: await Promise.all((answer.streams ?? []).map(incoming)),
    };
  }
}
