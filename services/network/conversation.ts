import type { OutgoingStream, ReceivedAnswer } from '../../ports/messenger.ts';
import type { Link } from '../../ports/sessions.ts';
import type { Clock } from '../../ports/world.ts';
import { decode } from '../../protocol/cbor.ts';
import { type Command, checkAnswer } from '../../protocol/commands.ts';
import { BitDustError, ERRORS, type ErrorCode, isBitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { checkAnswerStreams, decodePacket, encodePacket, type Packet } from '../../protocol/packet.ts';
import { incomingStreams, openStreams, pumpStreams } from './packet-streams.ts';

export interface ConversationNeeds {
  readonly link: Link;
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly onRequest: (packet: Packet) => void;
  /** Something arrived from the peer. */
  readonly onHeard: () => void;
}

export interface RequestOptions {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly owner?: Uint8Array | undefined;
  readonly streams?: readonly OutgoingStream[] | undefined;
}

interface Pending {
  readonly command: Command;
  readonly resolve: (answer: ReceivedAnswer) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** The numbered packets of one link: requests with their answers, either way. It lives as long as the link, over reconnects. */
export class Conversation {
  readonly link: Link;
  readonly #needs: ConversationNeeds;
  readonly #pending = new Map<number, Pending>();
  #nextIn = 1;
  #nextOut = 1;
  #faults = 0;

  constructor(needs: ConversationNeeds) {
    this.link = needs.link;
    this.#needs = needs;
    needs.link.onPacket((bytes) => this.#receive(bytes));
    void needs.link.closed.then(({ cause }) =>
      this.#fail(new BitDustError('LINK_LOST', undefined, { details: { cause } })),
    );
  }

  get waiting(): number {
    return this.#pending.size;
  }

  /** Sends a request and waits for its answer. Streams that came with the answer end with the deadline's signal. */
  async request(
    command: Command,
    payload: Readonly<Record<string, unknown>>,
    options: RequestOptions,
  ): Promise<ReceivedAnswer> {
    const { streams = [] } = options;
    if (this.#pending.size >= LIMITS.requestsPerLinkMax.value) throw new BitDustError('TOO_BUSY');
    const life = new AbortController();
    const signal = AbortSignal.any([options.signal, life.signal]);
    signal.throwIfAborted();
    const answer = Promise.withResolvers<ReceivedAnswer>();
    const opened = openStreams(this.link, streams);
    const { clock } = this.#needs;
    const timer = clock.setTimeout(() => life.abort(new BitDustError('PEER_SILENT')), options.deadlineMs);
    const abort = (): void => answer.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    // The number is taken only by a packet that encodes, so that none is ever missing.
    const n = this.#nextOut;
    try {
      const { owner = null } = options;
      const named = opened.map(({ id }, at) => ({ id, length: streams[at]?.length ?? 0 }));
      const packet = encodePacket({ command, n, re: null, owner, payload, streams: named });
      this.#nextOut += 1;
      this.#pending.set(n, { command, resolve: answer.resolve, reject: answer.reject, signal: options.signal });
      this.link.send(packet).catch(answer.reject);
      pumpStreams(opened, streams, signal).catch((error: unknown) => {
        // A peer that resets our stream says why in its answer.
        if (!isBitDustError(error, 'STREAM_RESET')) answer.reject(error);
      });
      return await answer.promise;
    } catch (error) {
      for (const stream of opened) stream.reset();
      throw error;
    } finally {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      this.#pending.delete(n);
    }
  }

  /** Answers a request by its number. */
  async answer(
    re: number,
    command: Command,
    answer: {
      readonly payload: Readonly<Record<string, unknown>>;
      readonly streams?: readonly OutgoingStream[] | undefined;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const { payload, streams = [], signal } = answer;
    const opened = openStreams(this.link, streams);
    const named = opened.map(({ id }, at) => ({ id, length: streams[at]?.length ?? 0 }));
    const packet = encodePacket({ command, n: this.#nextOut, re, owner: null, payload, streams: named });
    this.#nextOut += 1;
    await this.link.send(packet);
    await pumpStreams(opened, streams, signal);
  }

  /** Says no, with the code, or without a reason to a stranger. */
  async refuse(re: number, code: ErrorCode | 'no', sentence: string, retryMs: number | null = null): Promise<void> {
    const payload = { code, sentence: code === 'no' ? '' : sentence.slice(0, 200), retryMs };
    const packet = encodePacket({ command: 'Fail', n: this.#nextOut, re, owner: null, payload, streams: [] });
    this.#nextOut += 1;
    await this.link.send(packet);
  }

  #receive(bytes: Uint8Array): void {
    this.#needs.onHeard();
    let packet: Packet;
    try {
      packet = decodePacket(bytes);
    } catch (error) {
      this.#receiveBad(bytes, error);
      return;
    }
    if (packet.n !== this.#nextIn) {
      this.link.close('packet out of order');
      return;
    }
    this.#nextIn += 1;
    if (packet.re === null) this.#needs.onRequest(packet);
    else this.#settle(packet.re, packet);
  }

  /** A packet of another version gets a code; what has no readable number, and too much of it, ends the link. */
  #receiveBad(bytes: Uint8Array, error: unknown): void {
    const outer = peek(bytes);
    this.#faults += 1;
    if (outer === null || outer.n !== this.#nextIn || this.#faults > LIMITS.faultsPerLinkMax.value) {
      this.link.close('packet not readable');
      return;
    }
    this.#nextIn += 1;
    if (outer.re !== null) {
      this.#pending.get(outer.re)?.reject(error);
      return;
    }
    const code = error instanceof BitDustError ? error.code : 'PACKET_INVALID';
    this.refuse(outer.n, code, error instanceof BitDustError ? error.message : '').catch(() => undefined);
  }

  #settle(re: number, packet: Packet): void {
    const pending = this.#pending.get(re);
    const signal = pending?.signal ?? new AbortController().signal;
    const streams = incomingStreams(this.link, packet.streams, signal);
    if (pending === undefined) {
      // Its asker gave up; the bytes beside it must not fill the session's window.
      for (const stream of streams) stream.cancel();
      return;
    }
    this.#pending.delete(re);
    try {
      if (packet.command === 'Fail') throw errorOf(packet.payload);
      const payload = checkAnswer(pending.command, packet.command, packet.payload);
      checkAnswerStreams(pending.command, packet);
      pending.resolve({ payload: payload as Readonly<Record<string, unknown>>, streams });
    } catch (error) {
      for (const stream of streams) stream.cancel();
      pending.reject(error);
    }
  }

  #fail(error: unknown): void {
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}

function peek(bytes: Uint8Array): { readonly n: number; readonly re: number | null } | null {
  try {
    const outer = decode(bytes, { bytesMax: LIMITS.packetBytesMax.value }) as Readonly<Record<string, unknown>>;
    const { n, re } = outer;
    if (typeof n !== 'number' || (re !== null && typeof re !== 'number')) return null;
    return { n, re };
  } catch {
    return null;
  }
}

function errorOf(payload: Readonly<Record<string, unknown>>): BitDustError {
  const { code, sentence, retryMs } = payload as { code: string; sentence: string; retryMs: number | null };
  const isKnown = Object.hasOwn(ERRORS, code);
  const details = { fromPeer: true, code, retryMs };
  return new BitDustError(isKnown ? (code as ErrorCode) : 'DENIED', sentence === '' ? undefined : sentence, {
    details,
  });
}
