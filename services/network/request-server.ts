import type { PeerAnswer, PeerRequest } from '../../ports/messenger.ts';
import type { Clock, Log } from '../../ports/world.ts';
import { COMMANDS, type Command, type CommandRow, type PayloadOf } from '../../protocol/commands.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import { type PersonId, personIdFrom } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Packet } from '../../protocol/packet.ts';
import { untilAborted } from '../kit/until-aborted.ts';
import type { Greetings } from './greetings.ts';
import type { KnownIdentities } from './identities.ts';
import { judgeSender } from './judge-sender.ts';
import type { LinkEntry } from './link-table.ts';
import { incomingStreams } from './packet-streams.ts';

export type Handler = (request: PeerRequest) => Promise<PeerAnswer>;

export interface RequestServerNeeds {
  readonly clock: Clock;
  readonly log: Log;
  readonly identities: KnownIdentities;
  readonly greetings: Greetings;
  readonly handlers: ReadonlyMap<Command, Handler>;
  /** Whose ownership a link proved. */
  readonly proven: ReadonlyMap<string, PersonId>;
}

/** Answers requests of peers: judges the sender, calls the handler within limits, gives its answer or a code. */
export class RequestServer {
  readonly #needs: RequestServerNeeds;
  readonly #handling = new Map<string, number>();

  constructor(needs: RequestServerNeeds) {
    this.#needs = needs;
  }

  busy(link: string): number {
    return this.#handling.get(link) ?? 0;
  }

  async serve(entry: LinkEntry, packet: Packet, onGreeted: () => void): Promise<void> {
    const { conversation } = entry;
    const handled = (this.#handling.get(entry.id) ?? 0) + 1;
    const life = new AbortController();
    const timer = this.#needs.clock.setTimeout(
      () => life.abort(new BitDustError('DEADLINE_PASSED')),
      LIMITS.handledMs.value,
    );
    const signal = AbortSignal.any([life.signal, entry.ended]);
    const streams = incomingStreams(conversation.link, packet.streams, signal);
    this.#handling.set(entry.id, handled);
    try {
      if (packet.command === 'Identity') {
        const greeting = packet.payload as unknown as PayloadOf<'Identity'>;
        const payload = { ...(await this.#needs.greetings.receive(conversation, greeting)) };
        await conversation.answer(packet.n, 'Identity', { payload, signal });
        onGreeted();
        return;
      }
      if (handled > LIMITS.handledPerLinkMax.value || this.#handledInAll() > LIMITS.handledMax.value) {
        throw new BitDustError('TOO_BUSY', undefined, { details: { retryMs: 1_000 } });
      }
      await entry.greeted;
      const answer = await untilAborted(this.#handle(entry, { packet, streams, signal }), signal);
      const command = (COMMANDS[packet.command] as CommandRow).answer?.command ?? 'Ack';
      await conversation.answer(packet.n, command, { ...answer, signal });
    } catch (error) {
      await this.#refuse(entry, packet, error).catch(() => undefined);
      if (isBitDustError(error) && error.details['hostile'] === true) conversation.link.close('not entitled');
    } finally {
      for (const stream of streams) stream.cancel();
      this.#needs.clock.clearTimeout(timer);
      this.#release(entry.id);
    }
  }

  #release(id: string): void {
    const left = (this.#handling.get(id) ?? 1) - 1;
    if (left <= 0) this.#handling.delete(id);
    else this.#handling.set(id, left);
  }

  #handledInAll(): number {
    let sum = 0;
    for (const count of this.#handling.values()) sum += count;
    return sum;
  }

  async #handle(
    entry: LinkEntry,
    asked: { readonly packet: Packet; readonly streams: PeerRequest['streams']; readonly signal: AbortSignal },
  ): Promise<PeerAnswer> {
    const { packet, streams, signal } = asked;
    const { command, payload } = packet;
    const person = this.#needs.identities.personOf(entry.peer) ?? null;
    const owner = packet.owner === null ? person : personIdFrom(packet.owner);
    const proven = this.#needs.proven.get(entry.id) ?? null;
    const verdict = judgeSender({ command, payload, person, owner, proven });
    if (verdict !== 'entitled') {
      throw new BitDustError('NOT_ENTITLED', undefined, { details: { hostile: verdict === 'hostile' } });
    }
    const handler = this.#needs.handlers.get(command);
    if (handler === undefined) throw new BitDustError('NOT_SERVED');
    return handler({
      command,
      from: { device: entry.peer, person },
      owner,
      payload,
      streams,
      exporter: entry.conversation.link.exporter(),
      link: entry.id,
      signal,
    });
  }

  async #refuse(entry: LinkEntry, packet: Packet, error: unknown): Promise<void> {
    const isOurs = error instanceof BitDustError;
    if (!isOurs) {
      const fields = { command: packet.command, error: String(error) };
      this.#needs.log.write('error', 'network', 'A handler failed.', 'INTERNAL', fields);
    }
    const isStranger = (this.#needs.identities.personOf(entry.peer) ?? null) === null;
    const isOpen = packet.command === 'ProveOwnership' || packet.command === 'FindIdentity';
    if (isStranger && !isOpen) {
      await entry.conversation.refuse(packet.n, 'no', '');
      return;
    }
    const code = isOurs ? error.code : 'INTERNAL';
    const retryMs = isOurs && typeof error.details['retryMs'] === 'number' ? error.details['retryMs'] : null;
    await entry.conversation.refuse(packet.n, code, isOurs ? error.message : '', retryMs);
  }
}
