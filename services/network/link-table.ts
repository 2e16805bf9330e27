import type { DeviceId } from '../../protocol/ids.ts';
import type { Conversation } from './conversation.ts';

/** One link with what is said over it. */
export interface LinkEntry {
  /** The same at both ends and over reconnects. */
  readonly id: string;
  readonly peer: DeviceId;
  readonly inbound: boolean;
  readonly conversation: Conversation;
  /** Wall-clock time of its opening. */
  readonly since: number;
  /** Settles when both sides know each other; rejects when the greeting failed. */
  readonly greeted: Promise<void>;
  /** Aborted with the link. */
  readonly ended: AbortSignal;
  /** The actor that runs its present session. */
  actor: string;
  rttMs: number | null;
  isUp: boolean;
}

/** Links opened within this time of each other may be two dials that met. */
const MEETING_MS = 5_000;

/** All links, by peer. With two to one peer both sides come to use the same one. */
export class LinkTable {
  readonly #self: DeviceId;
  readonly #byPeer = new Map<DeviceId, LinkEntry[]>();

  constructor(self: DeviceId) {
    this.#self = self;
  }

  /** Adds a link and gives those that it makes superfluous. */
  add(entry: LinkEntry): readonly LinkEntry[] {
    const entries = [...(this.#byPeer.get(entry.peer) ?? []), entry];
    this.#byPeer.set(entry.peer, entries);
    const best = this.preferred(entry.peer);
    return entries.filter((other) => other !== best);
  }

  remove(entry: LinkEntry): void {
    const left = (this.#byPeer.get(entry.peer) ?? []).filter((other) => other !== entry);
    if (left.length === 0) this.#byPeer.delete(entry.peer);
    else this.#byPeer.set(entry.peer, left);
  }

  /** The link to use for a peer. Of two dials that met, the one of the lower device id; else the newest. */
  preferred(peer: DeviceId): LinkEntry | undefined {
    const entries = (this.#byPeer.get(peer) ?? []).filter((entry) => entry.isUp);
    return entries.reduce<LinkEntry | undefined>((best, entry) => {
      if (best === undefined) return entry;
      const met = entry.inbound !== best.inbound && Math.abs(entry.since - best.since) < MEETING_MS;
      if (!met) return entry.since >= best.since ? entry : best;
      const ours = entry.inbound ? best : entry;
      const theirs = entry.inbound ? entry : best;
      return this.#self < peer ? ours : theirs;
    }, undefined);
  }

  all(): readonly LinkEntry[] {
    return [...this.#byPeer.values()].flat();
  }

  find(id: string): LinkEntry | undefined {
    return this.all().find((entry) => entry.id === id);
  }

  get size(): number {
    return this.all().length;
  }
}
