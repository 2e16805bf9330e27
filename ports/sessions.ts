import type { DeviceId } from '../protocol/ids.ts';
import type { ByteStream } from './transports.ts';

/** A stream of a session: flow-controlled bulk bytes beside the packets. */
export interface BulkStream {
  readonly id: number;
  readonly incoming: AsyncIterable<Uint8Array>;
  write(data: Uint8Array): Promise<void>;
  end(): Promise<void>;
  /** Ends it at once in both directions; the other side's reads reject with `STREAM_RESET`. */
  reset(): void;
}

/**
 * One authenticated link to a device: the run of sessions with it. Packets arrive once and in order, also over a
 * reconnect within 10 min; after that the link is closed and `closed` resolves with the cause.
 */
export interface Link {
  readonly peer: DeviceId;
  /** True when they dialled us. */
  readonly inbound: boolean;
  /** Name of the transport in use and the address, for people. */
  readonly path: { readonly transport: string; readonly address: string };
  /** The address they saw us at. */
  readonly observedAddress: string | null;
  /** Bytes of the TLS exporter, 32, for proofs bound to this session. */
  exporter(): Uint8Array;
  /** Resolves when the packet is in the send window. At most 56 KiB + overhead; rejects with `LINK_LOST`. */
  send(packet: Uint8Array): Promise<void>;
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
  /** Bytes in and out by lane, for metrics. */
  counters(): {
    readonly controlIn: number;
    readonly controlOut: number;
    readonly bulkIn: number;
    readonly bulkOut: number;
  };
}

/** Knock, TLS 1.3, client proof, frames: the same inside every transport. */
export interface Sessions {
  /** Rejects with `HANDSHAKE_FAILED`, `PEER_KEY_DIFFERS`, `HANDSHAKE_TIMEOUT`. Destroys the stream on any failure. */
  connect(
    stream: ByteStream,
    options: { readonly peer: DeviceId; readonly transport: string; readonly signal: AbortSignal },
  ): Promise<Link>;
  /** Answers an inbound stream; stays silent to whoever has no good knock. Resolves to undefined when it was not for us. */
  accept(
    stream: ByteStream,
    options: { readonly transport: string; readonly signal: AbortSignal },
  ): Promise<Link | undefined>;
}
