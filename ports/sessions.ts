import type { DeviceId } from '../protocol/ids.ts';
import type { ByteStream } from './transports.ts';

/** A stream of a link: flow-controlled bulk bytes beside the packets. It goes on after a reconnect. */
export interface BulkStream {
  readonly id: number;
  /** Chunks as they come; rejects with `STREAM_RESET` or `LINK_LOST`. One reader; leaving early resets the stream. */
  readonly incoming: AsyncIterable<Uint8Array>;
  /** Resolves when the bytes were copied, so the buffer is the caller's again; waits for credit and the line. */
  write(data: Uint8Array): Promise<void>;
  /** Ends our direction after what was written. */
  end(): Promise<void>;
  /** Ends it at once in both directions; the other side's reads reject with `STREAM_RESET`. */
  reset(): void;
}

/**
 * One authenticated link to a device: the run of sessions with it. Packets arrive once and in order, also over a
 * reconnect within 10 min; after that the link is closed and `closed` resolves with the cause.
 *
 * When the session below breaks, `onState` says `down` at once. Either side dials anew and calls `connect` as for the
 * first time: it names the link by itself and resolves to the **same** `Link`, which is `up` again and has sent what
 * was not acknowledged. So does `connect` while the link is up: the new path takes over, make before break. When the
 * other side does not know the link any more, `connect` resolves to a new one and the old one closes with `LINK_LOST`.
 */
export interface Link {
  readonly peer: DeviceId;
  /** True when they dialled us. */
  readonly inbound: boolean;
  /** Name of the transport in use and the address, for people. */
  readonly path: { readonly transport: string; readonly address: string };
  /** The address they saw us at. */
  readonly observedAddress: string | null;
  /** 16 bytes, the same at both ends, as lower-case hex. */
  readonly id: string;
  /** What they said of themselves in the proof: claims until the greeting shows them. */
  readonly claims: SessionClaims;
  /** Bytes of the TLS exporter, 32, for proofs bound to this session. */
  exporter(): Uint8Array;
  /** Resolves when the packet is in the send window. At most 56 KiB + overhead; rejects with `LINK_LOST`. */
  send(packet: Uint8Array): Promise<void>;
  /** One listener; packets that came before it are given to it at once. */
  onPacket(listener: (packet: Uint8Array) => void): void;
  openStream(): BulkStream;
  /** A stream that the other side opened, by its id; waits until its first frame came or the deadline. */
  acceptStream(id: number, signal: AbortSignal): Promise<BulkStream>;
  /** Round trip in ms. */
  ping(signal: AbortSignal): Promise<number>;
  /** Monotonic time of the last frame received. */
  lastHeardAt(): number;
  close(cause: string): void;
  readonly closed: Promise<{ readonly cause: string }>;
  /** Break of the session below (at once), and its return. */
  onState(listener: (state: 'up' | 'down') => void): void;
  readonly state: 'up' | 'down' | 'closed';
  /** The session is 24 h old or carried 64 GiB: the dialler should dial again, and `connect` replaces it. */
  onReplacementDue(listener: () => void): void;
  /** Bytes in and out by lane, for metrics. */
  counters(): {
    readonly controlIn: number;
    readonly controlOut: number;
    readonly bulkIn: number;
    readonly bulkOut: number;
  };
}

/** Person and identity head as the dialler's proof names them; empty for the side that answered. */
export interface SessionClaims {
  /** 32 bytes, the key of root 0. */
  readonly person: Uint8Array | null;
  readonly head: { readonly epoch: number; readonly revision: number; readonly hash: Uint8Array } | null;
}

/** Knock, TLS 1.3, client proof, frames: the same inside every transport. */
export interface Sessions {
  /** Rejects with `HANDSHAKE_FAILED`, `PEER_KEY_DIFFERS`, `HANDSHAKE_TIMEOUT`. Destroys the stream on any failure. */
  connect(
    stream: ByteStream,
    options: { readonly peer: DeviceId; readonly transport: string; readonly signal: AbortSignal },
  ): Promise<Link>;
  /** Answers an inbound stream, over which the same link may come again as by `connect`; stays silent to whoever has no good knock. Resolves to undefined when it was not for us. */
  accept(
    stream: ByteStream,
    options: { readonly transport: string; readonly signal: AbortSignal },
  ): Promise<Link | undefined>;
  /** Ends every link and every handshake, and refuses new ones. */
  close(cause: string): Promise<void>;
}
