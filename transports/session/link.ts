import type { Link, SessionClaims } from '../../ports/sessions.ts';
import type { Clock, Random } from '../../ports/world.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { Deadlines } from './deadlines.ts';
import { FRAME, type FrameSink, type FrameType, frame, HEAD_BYTES, isNumbered } from './frames.ts';
import { Inbox } from './inbox.ts';
import { Outbox } from './outbox.ts';
import { PacketQueue } from './packet-queue.ts';
import { Pings } from './pings.ts';
import type { ProvenSession, ResumeNumbers } from './proven-session.ts';
import { acknowledgeFrame, causeIn, closeFrame, countIn } from './small-frames.ts';
import { Streams } from './streams.ts';
import { SessionWriter } from './writer.ts';

function lost(cause: string): BitDustError {
  return new BitDustError('LINK_LOST', undefined, { details: { cause } });
}

/** The link and what its owner, the table of sessions, does with it. */
export class SessionLink implements Link, FrameSink {
  readonly peer: DeviceId;
  readonly id: string;
  readonly inbound: boolean;
  readonly claims: SessionClaims;
  readonly closed: Promise<{ readonly cause: string }>;
  state: 'up' | 'down' | 'closed' = 'down';
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #outbox = new Outbox();
  readonly #inbox = new Inbox();
  readonly #streams: Streams;
  readonly #writer: SessionWriter;
  readonly #pings: Pings;
  readonly #stateListeners: ((state: 'up' | 'down') => void)[] = [];
  readonly #dueListeners: (() => void)[] = [];
  readonly #packets: PacketQueue;
  readonly #counted = { controlIn: 0, bulkIn: 0 };
  #resolveClosed: (closed: { readonly cause: string }) => void = () => {};
  #session: ProvenSession | undefined;
  #heardAt = 0;
  #replacing = false;
  #last: Pick<ProvenSession, 'path' | 'observedAddress'> & { readonly exporter: Uint8Array };

  constructor(options: {
    readonly peer: DeviceId;
    readonly id: string;
    readonly inbound: boolean;
    readonly claims: SessionClaims;
    readonly clock: Clock;
    readonly random: Random;
    readonly path: Link['path'];
  }) {
    const { clock, inbound } = options;
    this.peer = options.peer;
    this.id = options.id;
    this.inbound = inbound;
    this.claims = options.claims;
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock);
    this.#last = { path: options.path, observedAddress: null, exporter: new Uint8Array(32) };
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    const wake = () => this.#writer.flush();
    this.#packets = new PacketQueue(this.#outbox, wake);
    const wakeSoon = () => this.#writer.flushSoon();
    this.#streams = new Streams({ clock, outbox: this.#outbox, inbound, wake, wakeSoon });
    this.#writer = new SessionWriter({
      clock,
      outbox: this.#outbox,
      fill: () => this.#streams.fill(),
      stalled: () => this.#session?.channel.destroy(),
      alongside: () => (this.#inbox.owesWorthwhile ? this.#acknowledgement() : undefined),
    });
    this.#pings = new Pings({ clock, random: options.random, send: (bytes) => this.#writer.urgent(bytes) });
  }

  get path(): Link['path'] {
    return this.#last.path;
  }

  get observedAddress(): string | null {
    return this.#last.observedAddress;
  }

  /** Numbered frames received, for the proof or the accept of a new session. */
  get received(): number {
    return this.#inbox.received;
  }

  exporter(): Uint8Array {
    return this.#last.exporter;
  }

  send(packet: Uint8Array): Promise<void> {
    if (this.state === 'closed') return Promise.reject(lost('closed'));
    return this.#packets.send(packet);
  }

  onPacket(listener: (packet: Uint8Array) => void): void {
    this.#inbox.listen(listener);
    this.#session?.channel.resume();
  }

  openStream(): ReturnType<Link['openStream']> {
    if (this.state === 'closed') throw lost('closed');
    return this.#streams.openOne();
  }

  acceptStream(id: number, signal: AbortSignal): ReturnType<Link['acceptStream']> {
    return this.state === 'closed' ? Promise.reject(lost('closed')) : this.#streams.accept(id, signal);
  }

  ping(signal: AbortSignal): Promise<number> {
    return this.state === 'up' ? this.#pings.ping(signal) : Promise.reject(lost(this.state));
  }

  lastHeardAt(): number {
    return this.#heardAt;
  }

  onState(listener: (state: 'up' | 'down') => void): void {
    this.#stateListeners.push(listener);
  }

  onReplacementDue(listener: () => void): void {
    this.#dueListeners.push(listener);
  }

  counters(): ReturnType<Link['counters']> {
    const { controlIn, bulkIn } = this.#counted;
    return { controlIn, bulkIn, controlOut: this.#writer.controlBytes, bulkOut: this.#writer.bulkBytes };
  }

  close(cause: string): void {
    if (this.state === 'closed') return;
    const channel = this.#session?.channel;
    this.#writer.last(closeFrame(cause));
    this.#finish(cause);
    channel?.end();
  }

  /** True when a new session of this peer, who has so many of our frames, can carry the link on. */
  canResumeFrom(theyReceived: number): boolean {
    return this.state !== 'closed' && this.#outbox.canResumeFrom(theyReceived);
  }

  /** Puts a proven session below the link, in the place of the one before if there is one. */
  attach(session: ProvenSession, numbers: ResumeNumbers): void {
    if (this.state === 'closed') {
      session.channel.destroy();
      return;
    }
    const before = this.#session;
    this.#leaveSession();
    if (before !== undefined) this.#deadlines.leave(before.channel, numbers);
    this.#outbox.resumeFrom(numbers.theyReceived);
    this.#inbox.expectFrom(numbers.told);
    this.#session = session;
    this.#last = { ...session, exporter: session.channel.exporter };
    this.#heardAt = this.#clock.monotonic();
    session.reader.sink = this;
    session.channel.onClosed(() => {
      if (this.#session === session) this.#broken();
    });
    this.#watchAge(session);
    this.#tell('up');
    this.#writer.attach(session.channel);
  }

  /**
   * How many of their frames we have, for a proof. Until `endReplacement` we acknowledge none beyond it, so that they
   * can still send from there.
   */
  beginReplacement(): number {
    this.#replacing = true;
    return this.#inbox.received;
  }

  endReplacement(): void {
    if (!this.#replacing) return;
    this.#replacing = false;
    this.#acknowledge();
  }

  /** Bytes of the session below. Only a broken rule ends the link here. */
  receive(session: ProvenSession, chunk: Uint8Array): void {
    if (this.#session !== session) return;
    this.#heardAt = this.#clock.monotonic();
    try {
      session.reader.push(chunk);
    } catch (error) {
      if (!isBitDustError(error)) throw error;
      this.close(error.code);
      return;
    }
    if (session.reader.midFrame) this.#deadlines.watchFrame(() => session.channel.destroy());
    else this.#deadlines.frameDone();
    this.#acknowledge();
    if (this.#inbox.isFull || this.#writer.isFlooded) {
      session.channel.pause();
      this.#writer.whenCalm(() => {
        if (!this.#inbox.isFull) session.channel.resume();
      });
    }
  }

  frame(type: FrameType, stream: number, payload: Uint8Array): void {
    this.#counted.controlIn += HEAD_BYTES + payload.length;
    if (isNumbered(type)) {
      if (!this.#inbox.isNew(payload.length + HEAD_BYTES)) return;
      if (type === FRAME.packet) this.#inbox.packet(payload);
      else this.#streams.frame(type, stream, payload);
      return;
    }
    if (type === FRAME.acknowledge) {
      this.#outbox.acknowledge(countIn(payload));
      this.#writer.progressed();
      this.#packets.goOn();
      this.#writer.flush();
    } else if (type === FRAME.ping) this.#writer.urgent(frame(FRAME.pong, 0, payload));
    else if (type === FRAME.pong) this.#pings.pong(payload);
    else if (type === FRAME.close) this.drop(causeIn(payload));
    else throw new BitDustError('FRAME_INVALID', undefined, { details: { reason: `type ${type} in a session` } });
  }

  data(stream: number, piece: Uint8Array, last: boolean): void {
    this.#counted.bulkIn += piece.length;
    const fresh = this.#inbox.freshPart(piece, last);
    if (fresh.length > 0) this.#streams.data(stream, fresh);
  }

  /** The link is over for good; what waits rejects with `LINK_LOST`. */
  drop(cause: string): void {
    const channel = this.#session?.channel;
    this.#finish(cause);
    channel?.destroy();
  }

  #acknowledge(): void {
    if (this.state !== 'up' || this.#replacing || !this.#inbox.owesAnything) return;
    if (this.#inbox.owesNow) this.#sendAcknowledge();
    else this.#deadlines.acknowledgeSoon(() => this.#sendAcknowledge());
  }

  #sendAcknowledge(): void {
    const bytes = this.#acknowledgement();
    if (bytes !== undefined) this.#writer.urgent(bytes);
  }

  #acknowledgement(): Uint8Array | undefined {
    this.#deadlines.acknowledged();
    if (this.state !== 'up' || this.#replacing || !this.#inbox.owesAnything) return undefined;
    return acknowledgeFrame(this.#inbox.acknowledged());
  }

  #watchAge(session: ProvenSession): void {
    const due = () => {
      for (const listener of this.#dueListeners) listener();
    };
    const tooOld = () => session.channel.destroy();
    const bytes = LIMITS.sessionBytes.value;
    this.#deadlines.watchAge(due, tooOld);
    this.#writer.meter({ at: bytes, act: due }, { at: bytes + bytes / 8, act: tooOld });
  }

  #broken(): void {
    if (this.state !== 'up') return;
    this.#leaveSession();
    this.#deadlines.watchReturn(() => this.drop('not back in time'));
    this.#tell('down');
  }

  #leaveSession(): void {
    this.#session = undefined;
    this.#deadlines.clear();
    this.#writer.detach();
    this.#pings.failAll(lost('down'));
  }

  #finish(cause: string): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#leaveSession();
    this.#packets.failAll(lost(cause));
    this.#streams.failAll(lost(cause));
    this.#resolveClosed({ cause });
  }

  #tell(state: 'up' | 'down'): void {
    if (this.state === state) return;
    this.state = state;
    for (const listener of [...this.#stateListeners]) listener(state);
  }
}
