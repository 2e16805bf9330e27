import type { ByteStream, Transport, TransportListener } from '../../ports/transports.ts';
import type { Clock, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type LinkProfile, PERFECT_LINK, Wire } from './link-profile.ts';
import { connectedPair, type MemoryPair } from './memory-stream.ts';

/** A network inside the process: hosts, and wires between each two that can be slow, lossy, cut or clogged. */
export interface MemoryNetwork {
  /** The transport of one host. The host exists from its first use. */
  transport(host: string): Transport;
  /** Sets how a direction behaves; with `both`, the way back too. */
  shape(from: string, to: string, profile: Partial<LinkProfile>, options?: { readonly both?: boolean }): void;
  /** Nothing passes from one to the other until `mend`. Streams stall, and break after `breakAfterMs`. */
  cut(from: string, to: string, options?: { readonly both?: boolean }): void;
  mend(from: string, to: string, options?: { readonly both?: boolean }): void;
  /** As `cut` in both directions, for so long. */
  clog(from: string, to: string, forMs: number): void;
  /** Hosts of different groups do not reach each other; a host in no group reaches everybody. `[]` heals. */
  partition(groups: readonly (readonly string[])[]): void;
  /** The host is gone at once: its listeners and streams break. It may come back by its transport. */
  crash(host: string): void;
  /** Streams that are open now, for leak checks. */
  openStreams(): number;
}

interface Listening {
  readonly onStream: (stream: ByteStream) => void;
}

const FIRST_EPHEMERAL_PORT = 49_152;
const LAST_PORT = 65_535;
const ADDRESS = /^memory:\/\/([^\s:/]{1,253}):(\d{1,5})$/;

function parseAddress(address: string): { readonly host: string; readonly port: number } | undefined {
  const match = ADDRESS.exec(address);
  const [, host, digits] = match ?? [];
  if (host === undefined || digits === undefined) return undefined;
  return { host, port: Number(digits) };
}

function dialFailed(address: string, reason: string): BitDustError {
  return new BitDustError('DIAL_FAILED', undefined, { details: { address, reason } });
}

class Network implements MemoryNetwork {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #standard: LinkProfile;
  readonly #breakAfterMs: number;
  readonly #wires = new Map<string, Wire>();
  readonly #listeners = new Map<string, Listening>();
  readonly #pairs = new Set<MemoryPair>();
  readonly #cuts = new Set<string>();
  readonly #ports = new Map<string, number>();
  #groups: readonly ReadonlySet<string>[] = [];

  constructor(options: {
    readonly clock: Clock;
    readonly random: Random;
    readonly standard: LinkProfile;
    readonly breakAfterMs: number;
  }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#standard = options.standard;
    this.#breakAfterMs = options.breakAfterMs;
  }

  transport(host: string): Transport {
    return {
      name: 'memory',
      serves: (address) => parseAddress(address) !== undefined,
      listen: (options) => this.#listen(host, options),
      dial: (address, signal) => this.#dial(host, address, signal),
    };
  }

  shape(from: string, to: string, profile: Partial<LinkProfile>, { both = false } = {}): void {
    const wire = this.#wire(from, to);
    wire.profile = { ...wire.profile, ...profile };
    if (both) this.shape(to, from, profile);
  }

  cut(from: string, to: string, { both = false } = {}): void {
    this.#cuts.add(`${from}>${to}`);
    if (both) this.#cuts.add(`${to}>${from}`);
    this.#apply();
  }

  mend(from: string, to: string, { both = false } = {}): void {
    this.#cuts.delete(`${from}>${to}`);
    if (both) this.#cuts.delete(`${to}>${from}`);
    this.#apply();
  }

  clog(from: string, to: string, forMs: number): void {
    this.cut(from, to, { both: true });
    this.#clock.setTimeout(() => this.mend(from, to, { both: true }), forMs);
  }

  partition(groups: readonly (readonly string[])[]): void {
    this.#groups = groups.map((group) => new Set(group));
    this.#apply();
  }

  crash(host: string): void {
    for (const name of [...this.#listeners.keys()]) if (name.startsWith(`${host}:`)) this.#listeners.delete(name);
    for (const pair of [...this.#pairs]) if (pair.from === host || pair.to === host) pair.breakBoth('host is gone');
  }

  openStreams(): number {
    return this.#pairs.size;
  }

  #isCut(from: string, to: string): boolean {
    if (this.#cuts.has(`${from}>${to}`)) return true;
    const groupOf = (host: string) => this.#groups.findIndex((group) => group.has(host));
    const [a, b] = [groupOf(from), groupOf(to)];
    return a >= 0 && b >= 0 && a !== b;
  }

  #wire(from: string, to: string): Wire {
    const name = `${from}>${to}`;
    const known = this.#wires.get(name);
    if (known !== undefined) return known;
    const wire = new Wire(this.#standard);
    wire.cut = this.#isCut(from, to);
    this.#wires.set(name, wire);
    return wire;
  }

  #apply(): void {
    for (const [name, wire] of this.#wires) {
      const [from = '', to = ''] = name.split('>');
      const was = wire.cut;
      wire.cut = this.#isCut(from, to);
      if (was && !wire.cut) wire.mended(this.#clock.now());
    }
    for (const pair of [...this.#pairs]) pair.wiresChanged();
  }

  #listen(
    host: string,
    options: { readonly port: number; readonly onStream: (stream: ByteStream) => void },
  ): Promise<TransportListener> {
    const { onStream } = options;
    const port = options.port === 0 ? this.#freePort(host) : options.port;
    const name = `${host}:${port}`;
    const details = { host, port, reason: 'in use' };
    if (this.#listeners.has(name)) return Promise.reject(new BitDustError('PORT_TAKEN', undefined, { details }));
    if (port < 1 || port > LAST_PORT) return Promise.reject(new BitDustError('LISTEN_FAILED', undefined, { details }));
    const listening: Listening = { onStream };
    this.#listeners.set(name, listening);
    const close = () => {
      if (this.#listeners.get(name) !== listening) return Promise.resolve();
      this.#listeners.delete(name);
      for (const pair of [...this.#pairs]) if (pair.listener === name) pair.breakBoth('listener is closed');
      return Promise.resolve();
    };
    return Promise.resolve({ addresses: [`memory://${name}`], port, close });
  }

  #freePort(host: string): number {
    let port = this.#ports.get(host) ?? FIRST_EPHEMERAL_PORT;
    while (this.#listeners.has(`${host}:${port}`)) port += 1;
    this.#ports.set(host, port >= LAST_PORT ? FIRST_EPHEMERAL_PORT : port + 1);
    return port;
  }

  /** A round trip and then the stream; across a cut nothing answers, and the dial ends at its deadline. */
  async #dial(from: string, address: string, signal: AbortSignal): Promise<ByteStream> {
    signal.throwIfAborted();
    const target = parseAddress(address);
    if (target === undefined) throw dialFailed(address, 'not a memory:// address');
    const to = target.host;
    const [there, back] = [this.#wire(from, to), this.#wire(to, from)];
    const silent = there.cut || back.cut;
    const roundTripMs = there.profile.latencyMs + back.profile.latencyMs;
    await this.#wait(silent ? LIMITS.dialMs.value : roundTripMs, signal);
    const listening = this.#listeners.get(`${to}:${target.port}`);
    if (silent || there.cut || back.cut) throw dialFailed(address, 'no answer in time');
    if (listening === undefined) throw dialFailed(address, 'refused');
    const pair = connectedPair({
      from: { host: from, address: `memory://${from}:${this.#freePort(from)}`, wire: there },
      to: { host: to, address, wire: back },
      listener: `${to}:${target.port}`,
      clock: this.#clock,
      random: this.#random,
      breakAfterMs: this.#breakAfterMs,
      over: (done) => this.#pairs.delete(done),
    });
    this.#pairs.add(pair);
    listening.onStream(pair.accepted);
    return pair.dialled;
  }

  #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    if (delayMs <= 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#clock.clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = this.#clock.setTimeout(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      }, delayMs);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}

/** Makes an empty network. All its delays and chances come from the clock and the randomness given. */
export function createMemoryNetwork(options: {
  readonly clock: Clock;
  readonly random: Random;
  /** How every wire behaves until it is shaped. */
  readonly standard?: Partial<LinkProfile>;
  /** How long a stream over a cut wire stalls before it breaks, as a system gives a connection up; 30 s. */
  readonly breakAfterMs?: number;
}): MemoryNetwork {
  const { clock, random, standard = {}, breakAfterMs = 30_000 } = options;
  return new Network({ clock, random, standard: { ...PERFECT_LINK, ...standard }, breakAfterMs });
}
