import type { Link, SessionClaims, Sessions } from '../../ports/sessions.ts';
import type { Signer } from '../../ports/signer.ts';
import type { ByteStream } from '../../ports/transports.ts';
import type { Clock, Random } from '../../ports/world.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import { compareBytes, fromHex, toHex } from '../../protocol/hash.ts';
import { type DeviceId, deviceIdFrom, keyOfDevice } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { createAdmission } from './admission.ts';
import type { Channel } from './channel.ts';
import { FRAME, frame } from './frames.ts';
import { type FirstFrame, firstFrame, withinDeadline } from './handshake.ts';
import { SessionLink } from './link.ts';
import { LinkTable } from './link-table.ts';
import { checkProof, decodeAccept, encodeAccept, encodeProof, type Proof } from './proof.ts';
import type { SessionSecurity } from './security.ts';

/** What sessions are made of, whatever the security below. */
export interface SessionsCore {
  readonly signer: Signer;
  readonly clock: Clock;
  readonly random: Random;
  readonly security: SessionSecurity;
  /** What our proofs say of us beyond the device key. */
  readonly claims?: (() => SessionClaims) | undefined;
}

const NO_CLAIMS: SessionClaims = { person: null, head: null };

interface Dialled {
  readonly stream: ByteStream;
  readonly peer: DeviceId;
  readonly transport: string;
}

class SessionsOver implements Sessions {
  readonly #core: SessionsCore;
  readonly #links = new LinkTable();
  readonly #admission = createAdmission();
  /** Links that a proof of ours names and whose answer is not there yet. */
  readonly #asking = new Set<string>();
  /** Links of which both sides dialled at once and theirs was kept. */
  readonly #crossed = new Set<string>();
  /** The last proof to each peer that has no answer yet. */
  readonly #turns = new Map<DeviceId, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(core: SessionsCore) {
    this.#core = core;
  }

  async connect(
    stream: ByteStream,
    options: { readonly peer: DeviceId; readonly transport: string; readonly signal: AbortSignal },
  ): Promise<Link> {
    const { peer, transport } = options;
    const { clock } = this.#core;
    const before = this.#links.youngestWith(peer);
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    try {
      const work = () => this.#dial({ stream, peer, transport });
      return await withinDeadline(work, { stream, clock, signal, deadlineMs: LIMITS.handshakeMs.value });
    } catch (error) {
      // They dialled us at the same time, and their session was kept: the link is there all the same.
      if (before?.state === 'up' && this.#crossed.delete(before.id)) return before;
      if (isBitDustError(error) || signal.aborted) throw error;
      throw new BitDustError('HANDSHAKE_FAILED', undefined, { cause: error });
    }
  }

  async accept(
    stream: ByteStream,
    options: { readonly transport: string; readonly signal: AbortSignal },
  ): Promise<Link | undefined> {
    const leave = this.#closing.signal.aborted ? undefined : this.#admission.enter(stream.remoteAddress);
    if (leave === undefined) {
      stream.destroy();
      return undefined;
    }
    const { clock } = this.#core;
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    try {
      const work = () => this.#answer(stream, options.transport);
      return await withinDeadline(work, { stream, clock, signal, deadlineMs: LIMITS.handshakeMs.value });
    } catch {
      // Whoever failed learns nothing but the end; who it was, nobody knows.
      return undefined;
    } finally {
      leave();
    }
  }

  close(cause: string): Promise<void> {
    this.#closing.abort(new BitDustError('CANCELLED'));
    this.#links.closeAll(cause);
    return Promise.resolve();
  }

  async #dial(dialled: Dialled): Promise<Link> {
    const { security } = this.#core;
    const channel = await security.dial(dialled.stream, keyOfDevice(dialled.peer));
    // One proof at a time to one peer, so that the second names the link that the first made or goes on with.
    const before = this.#turns.get(dialled.peer);
    const turn = (before ?? Promise.resolve()).then(() => this.#prove(dialled, channel));
    const over = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(dialled.peer, over);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(dialled.peer) === over) this.#turns.delete(dialled.peer);
    }
  }

  async #prove(dialled: Dialled, channel: Channel): Promise<Link> {
    const { signer, claims } = this.#core;
    const named = this.#links.youngestWith(dialled.peer);
    const told = named?.beginReplacement() ?? 0;
    if (named !== undefined) this.#asking.add(named.id);
    try {
      const proof = encodeProof({
        signer,
        exporter: channel.exporter,
        responder: keyOfDevice(dialled.peer),
        claims: claims?.() ?? NO_CLAIMS,
        link: named === undefined ? null : fromHex(named.id),
        received: told,
      });
      channel.write(frame(FRAME.proof, 0, proof), () => {});
      return this.#accepted(dialled, { channel, first: await firstFrame(channel, FRAME.accept), named, told });
    } finally {
      if (named !== undefined) this.#asking.delete(named.id);
      named?.endReplacement();
    }
  }

  #accepted(
    dialled: Dialled,
    answer: {
      readonly channel: Channel;
      readonly first: FirstFrame;
      readonly named: SessionLink | undefined;
      readonly told: number;
    },
  ): Link {
    const { channel, first, named, told } = answer;
    const accept = decodeAccept(first.payload);
    const id = toHex(accept.link);
    const session = {
      channel,
      reader: first.reader,
      path: { transport: dialled.transport, address: dialled.stream.remoteAddress },
      observedAddress: accept.observed,
    };
    const goesOn = named !== undefined && named.id === id && accept.received !== null;
    const theyReceived = accept.received ?? 0;
    if (goesOn ? !named.canResumeFrom(theyReceived) : accept.received !== null) {
      channel.destroy();
      throw new BitDustError('HANDSHAKE_FAILED', 'The other side goes on with a link that is not ours.');
    }
    const link = goesOn ? named : this.#newLink({ id, peer: dialled.peer, inbound: false, path: session.path });
    if (!goesOn) named?.drop('the other side does not know the link any more');
    link.attach(session, { told: goesOn ? told : 0, theyReceived, answered: false });
    first.goOn((chunk) => link.receive(session, chunk));
    return link;
  }

  async #answer(stream: ByteStream, transport: string): Promise<Link | undefined> {
    const { security, signer } = this.#core;
    const channel = await security.answer(stream);
    if (channel === undefined) {
      await stream.closed;
      return undefined;
    }
    const first = await firstFrame(channel, FRAME.proof);
    const proof = checkProof(first.payload, { exporter: channel.exporter, responder: signer.publicKey });
    const link = this.#linkFor(proof, { transport, address: stream.remoteAddress });
    if (link === undefined) {
      channel.destroy();
      return undefined;
    }
    const received = link.goesOn ? link.link.received : null;
    const accept = encodeAccept({ link: fromHex(link.link.id), received, observed: stream.remoteAddress });
    channel.write(frame(FRAME.accept, 0, accept), () => {});
    const path = { transport, address: stream.remoteAddress };
    const session = { channel, reader: first.reader, path, observedAddress: null };
    const told = received ?? 0;
    const theyReceived = link.goesOn ? proof.received : 0;
    link.link.attach(session, { told, theyReceived, answered: true });
    first.goOn((chunk) => link.link.receive(session, chunk));
    return link.link;
  }

  /** The link a good proof is for: the one it names, or a new one. Undefined when our own dial is the one to keep. */
  #linkFor(proof: Proof, path: Link['path']): { readonly link: SessionLink; readonly goesOn: boolean } | undefined {
    const { signer, random } = this.#core;
    const peer = deviceIdFrom(proof.key);
    const named = proof.link === null ? undefined : this.#links.find(peer, toHex(proof.link));
    if (named !== undefined && this.#asking.has(named.id)) {
      // Both dialled at once. Of two sessions for one link both sides keep the one that the smaller key dialled.
      if (compareBytes(signer.publicKey, proof.key) < 0) return undefined;
      this.#crossed.add(named.id);
    }
    // A count that does not fit is of a proof that was overtaken; the link itself is sound.
    if (named !== undefined) return named.canResumeFrom(proof.received) ? { link: named, goesOn: true } : undefined;
    const id = toHex(random.bytes(16));
    return { link: this.#newLink({ id, peer, inbound: true, path, claims: proof.claims }), goesOn: false };
  }

  #newLink(options: {
    readonly id: string;
    readonly peer: DeviceId;
    readonly inbound: boolean;
    readonly path: Link['path'];
    readonly claims?: SessionClaims;
  }): SessionLink {
    const { clock, random } = this.#core;
    const { claims = NO_CLAIMS, ...rest } = options;
    const link = new SessionLink({ ...rest, claims, clock, random });
    this.#links.add(link);
    return link;
  }
}

/** Sessions over any security: handshakes, limits of the unproved, links and their return. */
export function createSessionsOver(core: SessionsCore): Sessions {
  return new SessionsOver(core);
}
