import type { Bus } from '../../bus/bus.ts';
import { peerLinkWith } from '../../machines/network/peer-link.machine.ts';
import type { Link, Sessions } from '../../ports/sessions.ts';
import type { ByteStream } from '../../ports/transports.ts';
import type { ActorRuntime, Clock } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import { pause, untilIdle } from '../kit/pause.ts';
import type { Service } from '../kit/service.ts';

export interface PeerLinksNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly onFailure: (key: string, error: unknown) => void;
  /** A link is authenticated, or its broken sessions were taken up again. */
  readonly onLink: (link: Link, actor: string) => void;
  readonly onState: (link: Link, isUp: boolean) => void;
  readonly onRtt: (link: Link, rttMs: number) => void;
  /** The session is due for replacement: dial the peer once more. */
  readonly onReplacementDue: (peer: DeviceId) => void;
  /** Requests still under way on a link. */
  readonly busy: (link: Link) => number;
}

export interface PeerLinks extends Service {
  /** Answers a stream that somebody opened to us. */
  accept(stream: ByteStream, transport: string): void;
  /** Makes a session over a stream we dialled; resolves when it is live. */
  open(stream: ByteStream, options: { readonly peer: DeviceId; readonly transport: string }): Promise<string>;
  drain(id: string): void;
  noteActivity(id: string): void;
  /** Keeps a link that nobody uses, until released. */
  hold(peer: DeviceId): () => void;
  count(): number;
}

interface Attempt {
  readonly stream: ByteStream;
  readonly transport: string;
  link: Link | undefined;
  readonly live: PromiseWithResolvers<string>;
}

const DRAIN_LOOK_MS = 100;
/** What a goodbye may take before the streams are cut. */
const GOODBYE_MS = 1_000;

/** One actor a link: handshake, probes, draining. */
export function createPeerLinks(needs: PeerLinksNeeds): PeerLinks {
  const { bus, clock, sessions } = needs;
  const attempts = new Map<string, Attempt>();
  /** The actor that owns each link. */
  const actors = new Map<Link, string>();
  const followed = new WeakSet<Link>();
  let counter = 0;
  let isStopping = false;
  let unsubscribe = (): void => {};

  async function handshake(id: string, peer: DeviceId | null, signal: AbortSignal): Promise<Link | undefined> {
    const { stream, transport } = attempt(id);
    return peer === null
      ? sessions.accept(stream, { transport, signal })
      : sessions.connect(stream, { peer, transport, signal });
  }

  function attempt(id: string): Attempt {
    const found = attempts.get(id);
    if (found === undefined) throw new BitDustError('LINK_LOST');
    return found;
  }

  function lose(link: Link, cause: string): void {
    const id = actors.get(link);
    if (id !== undefined) links.send(id, { type: 'lose', cause });
  }

  /** A reconnect gives the same link again: the new actor takes it over, and the one before ends without closing it. */
  function take(id: string, link: Link): void {
    const before = actors.get(link);
    actors.set(link, id);
    attempt(id).link = link;
    if (before !== undefined) links.send(before, { type: 'lose', cause: 'replaced' });
    // First the messenger, so that a link that closes is out of its table before anybody hears of it.
    needs.onLink(link, id);
    const isNew = !followed.has(link);
    if (isNew) {
      followed.add(link);
      link.onState((state) => {
        needs.onState(link, state === 'up');
        // The break is told at once; what was not acknowledged waits in the session for the next stream to this device.
        const isDown = state === 'down';
        if (isDown) lose(link, 'broken');
      });
      link.onReplacementDue(() => needs.onReplacementDue(link.peer));
      void link.closed.then(({ cause }) => lose(link, cause));
    }
  }

  async function drained(id: string, signal: AbortSignal): Promise<void> {
    const link = attempts.get(id)?.link;
    if (link !== undefined) await untilIdle(() => needs.busy(link) === 0, { clock, everyMs: DRAIN_LOOK_MS, signal });
  }

  const links = new ActorPool({
    machine: peerLinkWith({
      handshake: async ({ link: id, peer }, signal) => {
        const link = await handshake(id, peer, signal);
        if (link === undefined) return undefined;
        if (signal.aborted) return undefined;
        take(id, link);
        return { deviceId: link.peer };
      },
      probe: async ({ link: id }, signal) => {
        const link = attempt(id).link;
        if (link === undefined) throw new BitDustError('LINK_LOST');
        const rttMs = await link.ping(signal);
        needs.onRtt(link, rttMs);
        return { rttMs };
      },
      drainStreams: ({ link: id }, signal) => drained(id, signal),
    }),
    runtime: needs.runtime,
    actorsMax: LIMITS.linksMax.value,
    onEmit: (fact, id) => {
      bus.publish(fact);
      const isOpened = fact.type === 'link.opened';
      if (isOpened) attempts.get(id)?.live.resolve(id);
    },
    onFailure: (id, error) => {
      finish(id, 'failed');
      needs.onFailure(id, error);
    },
    onDone: (id, _output, state) => finish(id, state),
  });

  function finish(id: string, state: string): void {
    const found = attempts.get(id);
    attempts.delete(id);
    found?.live.reject(new BitDustError('HANDSHAKE_FAILED'));
    const link = found?.link;
    if (link === undefined) {
      found?.stream.destroy();
      return;
    }
    const isOthers = actors.get(link) !== id;
    if (isOthers) return;
    actors.delete(link);
    // A broken link stays with the session layer for a while; one that was drained or fell silent ends here.
    const isUp = link.state === 'up';
    if (isUp) link.close(state);
  }

  function begin(stream: ByteStream, options: { peer: DeviceId | null; transport: string }): Attempt | undefined {
    const { peer, transport } = options;
    const id = `${peer === null ? 'in' : 'out'}-${++counter}`;
    const live = Promise.withResolvers<string>();
    live.promise.catch(() => undefined);
    const made: Attempt = { stream, transport, link: undefined, live };
    attempts.set(id, made);
    const path = `${transport} ${stream.remoteAddress}`;
    if (links.open(id, { link: id, peer, path, inbound: peer === null }) !== undefined) return made;
    attempts.delete(id);
    stream.destroy();
    return undefined;
  }

  return {
    start() {
      isStopping = false;
      unsubscribe = bus.subscribe(['host.woke'], (fact) => links.sendAll(fact));
    },
    async stop() {
      isStopping = true;
      unsubscribe();
      const left = [...attempts.values()];
      for (const { link, stream } of left) {
        // A link says goodbye over its stream; only what never became one is cut off.
        if (link === undefined) stream.destroy();
        else link.close('stopping');
      }
      const over = new AbortController();
      const said = Promise.all(left.map(({ stream }) => stream.closed)).then(() => over.abort());
      await Promise.race([said, pause(clock, GOODBYE_MS, over.signal).catch(() => undefined)]);
      links.closeAll();
      for (const { stream } of left) stream.destroy();
      attempts.clear();
      actors.clear();
    },
    accept(stream, transport) {
      if (isStopping) stream.destroy();
      else begin(stream, { peer: null, transport });
    },
    open(stream, { peer, transport }) {
      const made = begin(stream, { peer, transport });
      return made === undefined ? Promise.reject(new BitDustError('TOO_BUSY')) : made.live.promise;
    },
    drain: (id) => void links.send(id, { type: 'drain' }),
    noteActivity: (id) => void links.send(id, { type: 'noteActivity' }),
    hold(peer) {
      const held = [...attempts].filter(([, { link }]) => link?.peer === peer).map(([id]) => id);
      for (const id of held) links.send(id, { type: 'hold' });
      return () => {
        for (const id of held) links.send(id, { type: 'release' });
      };
    },
    count: () => attempts.size,
  };
}
