import type { Bus } from '../../bus/bus.ts';
import type { Self } from '../../ports/identity.ts';
import type { Messenger, PeerAnswer, PeerRequest, ReceivedAnswer } from '../../ports/messenger.ts';
import type { Link } from '../../ports/sessions.ts';
import type { Clock, Log } from '../../ports/world.ts';
import type { Command, PayloadOf } from '../../protocol/commands.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import { compareHeads, readIdentityFile } from '../../protocol/identity-file.ts';
import { type DeviceId, keyOfPerson, type PersonId, personIdFrom } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { pause } from '../kit/pause.ts';
import type { Service } from '../kit/service.ts';
import { untilAborted } from '../kit/until-aborted.ts';
import { Conversation } from './conversation.ts';
import type { Greetings } from './greetings.ts';
import type { KnownIdentities } from './identities.ts';
import { type LinkEntry, LinkTable } from './link-table.ts';
import { type Handler, RequestServer } from './request-server.ts';

export interface MessengerNeeds {
  readonly bus: Bus;
  readonly self: Self;
  readonly clock: Clock;
  readonly log: Log;
  readonly identities: KnownIdentities;
  readonly greetings: Greetings;
  /** Has a link made; resolves when `attach` was called for one. `PEER_UNREACHABLE` with the cause. */
  readonly dial: (peer: DeviceId, signal: AbortSignal) => Promise<void>;
  /** Ends a superfluous link when its work is done. */
  readonly drain: (actor: string) => void;
  /** Somebody used the link. */
  readonly noteActivity: (actor: string) => void;
}

export interface MessengerService extends Messenger, Service {
  /** Takes a link; on a new one the greeting begins at once, on one that came back everything goes on. */
  attach(link: Link, actor: string): void;
  /** The session of the link broke or came back. */
  setUp(link: Link, isUp: boolean): void;
  noteRtt(link: Link, rttMs: number): void;
  /** Requests under way on the link, either way. */
  busy(link: Link): number;
  isLinked(peer: DeviceId): boolean;
  /** The TLS exporter of the session that requests to this peer use now, for proofs bound to it. */
  exporter(peer: DeviceId): Uint8Array | undefined;
  /** Exchanges identities anew over the link there is. */
  greet(peer: DeviceId): Promise<void>;
  /** Round trip over the link there is, ms. */
  ping(peer: DeviceId, signal: AbortSignal): Promise<number>;
}

const RESUMES_MAX = 8;
const RESUME_FROM_MS = 500;

/** Packets between devices: greeting, checks, routing to the handlers of the commands, answers. */
export class PacketMessenger implements MessengerService {
  readonly #needs: MessengerNeeds;
  readonly #links: LinkTable;
  readonly #entries = new Map<Link, LinkEntry>();
  readonly #server: RequestServer;
  readonly #handlers = new Map<Command, Handler>();
  readonly #proven = new Map<string, PersonId>();
  readonly #heardAt = new Map<DeviceId, number>();
  readonly #usedAt = new Map<string, number>();

  constructor(needs: MessengerNeeds) {
    this.#needs = needs;
    this.#links = new LinkTable(needs.self.device);
    this.#server = new RequestServer({ ...needs, handlers: this.#handlers, proven: this.#proven });
    this.handle('FindIdentity', (request) => this.#findIdentity(request));
  }

  start(): void {}

  stop(): void {
    for (const { conversation } of this.#links.all()) conversation.link.close('stopping');
  }

  async request(
    peer: DeviceId,
    command: Command,
    payload: Readonly<Record<string, unknown>>,
    options: Parameters<Messenger['request']>[3],
  ): Promise<ReceivedAnswer> {
    const deadline = new AbortController();
    const timer = this.#needs.clock.setTimeout(
      () => deadline.abort(new BitDustError('PEER_SILENT')),
      options.deadlineMs,
    );
    const signal = AbortSignal.any([options.signal, deadline.signal]);
    const begun = this.#needs.clock.monotonic();
    try {
      const entry = await this.#linkTo(peer, { signal, policy: options.policy ?? 'any' });
      const owner = options.owner === undefined ? undefined : keyOfPerson(options.owner);
      const left = options.deadlineMs - (this.#needs.clock.monotonic() - begun);
      const { streams } = options;
      return await entry.conversation.request(command, payload, {
        signal: options.signal,
        deadlineMs: Math.max(1, left),
        owner,
        streams,
      });
    } finally {
      this.#needs.clock.clearTimeout(timer);
    }
  }

  async connect(peer: DeviceId, signal: AbortSignal): Promise<void> {
    await this.#linkTo(peer, { signal, policy: 'any' });
  }

  handle(command: Command, handler: Handler): () => void {
    this.#handlers.set(command, handler);
    return () => {
      if (this.#handlers.get(command) === handler) this.#handlers.delete(command);
    };
  }

  links(): ReturnType<Messenger['links']> {
    return this.#links.all().map(({ peer, inbound, conversation, rttMs, since }) => {
      const { transport, address } = conversation.link.path;
      return { peer, inbound, transport, address, rttMs, since };
    });
  }

  admitProver(link: string, person: PersonId): void {
    if (this.#links.find(link) !== undefined) this.#proven.set(link, person);
  }

  announceIdentity(): void {
    for (const entry of this.#links.all()) this.#needs.greetings.open(entry.conversation).catch(() => undefined);
  }

  attach(link: Link, actor: string): void {
    const known = this.#entries.get(link);
    if (known !== undefined) {
      known.actor = actor;
      known.isUp = true;
      return;
    }
    const { clock, greetings, drain } = this.#needs;
    const greeted = Promise.withResolvers<void>();
    greeted.promise.catch(() => undefined);
    const ended = new AbortController();
    const conversation = new Conversation({
      link,
      clock,
      onHeard: () => this.#heard(entry),
      onRequest: (packet) => void this.#server.serve(entry, packet, greeted.resolve),
    });
    const entry: LinkEntry = {
      id: link.id,
      peer: link.peer,
      inbound: link.inbound,
      conversation,
      since: clock.now(),
      greeted: greeted.promise,
      ended: ended.signal,
      actor,
      rttMs: null,
      isUp: true,
    };
    this.#entries.set(link, entry);
    for (const other of this.#links.add(entry)) drain(other.actor);
    void link.closed.then(() => {
      ended.abort(new BitDustError('LINK_LOST'));
      this.#detach(entry, greeted.reject);
    });
    // The dialler greets first; the other side answers, and waits no longer than this for it.
    if (!link.inbound) greetings.open(conversation).then(greeted.resolve, greeted.reject);
    const timer = clock.setTimeout(() => greeted.reject(new BitDustError('PEER_SILENT')), LIMITS.greetingMs.value);
    const settle = (): void => clock.clearTimeout(timer);
    greeted.promise.then(settle, () => {
      settle();
      link.close('greeting failed');
    });
  }

  setUp(link: Link, isUp: boolean): void {
    const entry = this.#entries.get(link);
    if (entry === undefined) return;
    entry.isUp = isUp;
    if (!isUp && entry.conversation.waiting > 0) void this.#resume(entry);
  }

  noteRtt(link: Link, rttMs: number): void {
    const entry = this.#entries.get(link);
    if (entry !== undefined) entry.rttMs = rttMs;
  }

  busy(link: Link): number {
    return (this.#entries.get(link)?.conversation.waiting ?? 0) + this.#server.busy(link.id);
  }

  isLinked(peer: DeviceId): boolean {
    return this.#links.preferred(peer) !== undefined;
  }

  exporter(peer: DeviceId): Uint8Array | undefined {
    return this.#links.preferred(peer)?.conversation.link.exporter();
  }

  async greet(peer: DeviceId): Promise<void> {
    const entry = this.#links.preferred(peer);
    if (entry === undefined) throw new BitDustError('PEER_UNREACHABLE');
    await entry.greeted;
    await this.#needs.greetings.open(entry.conversation);
  }

  async ping(peer: DeviceId, signal: AbortSignal): Promise<number> {
    const entry = this.#links.preferred(peer);
    if (entry === undefined) throw new BitDustError('PEER_UNREACHABLE');
    entry.rttMs = await entry.conversation.link.ping(signal);
    return entry.rttMs;
  }

  async #linkTo(
    peer: DeviceId,
    options: { readonly signal: AbortSignal; readonly policy: 'any' | 'linked' },
  ): Promise<LinkEntry> {
    const { signal, policy } = options;
    let tried: LinkEntry | undefined;
    for (;;) {
      signal.throwIfAborted();
      if (this.#links.preferred(peer) === undefined) {
        if (policy === 'linked') throw new BitDustError('PEER_UNREACHABLE');
        await this.#needs.dial(peer, signal);
      }
      const entry = this.#links.preferred(peer);
      if (entry === undefined || entry === tried) throw new BitDustError('PEER_UNREACHABLE');
      tried = entry;
      try {
        await untilAborted(entry.greeted, signal);
        return entry;
      } catch (error) {
        // Of two dials that met, one link goes: the other is there then, or is made.
        if (!isBitDustError(error, 'LINK_LOST')) throw error;
      }
    }
  }

  /** Somebody waits for answers over a broken link: it is dialled again, a few times. */
  async #resume(entry: LinkEntry): Promise<void> {
    const { clock, dial } = this.#needs;
    for (let attempt = 0; attempt < RESUMES_MAX; attempt += 1) {
      if (entry.isUp || entry.ended.aborted || entry.conversation.waiting === 0) return;
      await dial(entry.peer, entry.ended).catch(() => undefined);
      await pause(clock, RESUME_FROM_MS * 2 ** attempt, entry.ended).catch(() => undefined);
    }
  }

  #detach(entry: LinkEntry, reject: (error: unknown) => void): void {
    reject(new BitDustError('LINK_LOST'));
    this.#links.remove(entry);
    this.#entries.delete(entry.conversation.link);
    this.#proven.delete(entry.id);
    this.#usedAt.delete(entry.id);
    if (!this.#links.preferred(entry.peer)) this.#heardAt.delete(entry.peer);
  }

  #heard(entry: LinkEntry): void {
    const now = this.#needs.clock.monotonic();
    if (now - (this.#usedAt.get(entry.id) ?? Number.NEGATIVE_INFINITY) >= 1_000) {
      this.#usedAt.set(entry.id, now);
      this.#needs.noteActivity(entry.actor);
    }
    if (now - (this.#heardAt.get(entry.peer) ?? Number.NEGATIVE_INFINITY) < LIMITS.heardEveryMs.value) return;
    this.#heardAt.set(entry.peer, now);
    this.#needs.bus.publish({ type: 'peer.heard', peer: entry.peer });
  }

  async #findIdentity(request: PeerRequest): Promise<PeerAnswer> {
    const { person, known } = request.payload as PayloadOf<'FindIdentity'>;
    const id = personIdFrom(person);
    const { self, identities } = this.#needs;
    const isSelf = id === self.person && self.identityFile().length > 0;
    const file = isSelf ? readIdentityFile(self.identityFile()) : identities.file(id);
    if (file === undefined) throw new BitDustError('IDENTITY_NOT_FOUND');
    const isCurrent = known !== null && compareHeads(known, file.head) >= 0;
    const streams = isCurrent ? [] : [{ length: file.bytes.length, bytes: file.bytes }];
    return { payload: { head: file.head }, streams };
  }
}
