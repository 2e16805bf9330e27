import type { Command } from '../protocol/commands.ts';
import type { DeviceId, PersonId } from '../protocol/ids.ts';

/** Bytes that ride beside a packet. The length is told in the packet, before the bytes. */
export interface OutgoingStream {
  readonly length: number;
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
}

/** Ends after exactly `length` bytes, or rejects. Not read within the request's deadline, it is reset. */
export interface IncomingStream {
  readonly length: number;
  read(): AsyncIterable<Uint8Array>;
  /** Collects it, refusing more than `bytesMax` with `TOO_LARGE`. */
  collect(bytesMax: number): Promise<Uint8Array>;
  cancel(): void;
}

/** A verified request. The session proved `device`; `person` is null until its identity file is known and lists the device. */
export interface PeerRequest {
  readonly command: Command;
  readonly from: { readonly device: DeviceId; readonly person: PersonId | null };
  /** Whom it serves: `owner` of the packet, else the sender's person. */
  readonly owner: PersonId | null;
  /** Checked against the schema of the command. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly streams: readonly IncomingStream[];
  /** The TLS exporter of the session, for ownership proofs. */
  readonly exporter: Uint8Array;
  readonly link: string;
  readonly signal: AbortSignal;
}

export interface PeerAnswer {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly streams?: readonly OutgoingStream[];
}

export interface ReceivedAnswer {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly streams: readonly IncomingStream[];
}

/**
 * Requests and answers between devices. A `Fail` becomes a `BitDustError` with its code; a timeout is `PEER_SILENT`, a
 * broken link `LINK_LOST`, nobody to reach `PEER_UNREACHABLE`.
 */
export interface Messenger {
  /** Uses the link there is, or has one made (`policy: 'linked'` never dials). */
  request(
    peer: DeviceId,
    command: Command,
    payload: Readonly<Record<string, unknown>>,
    options: {
      readonly signal: AbortSignal;
      readonly deadlineMs: number;
      readonly owner?: PersonId;
      readonly streams?: readonly OutgoingStream[];
      readonly policy?: 'any' | 'linked';
    },
  ): Promise<ReceivedAnswer>;
  /** One handler a command. A throw of `BitDustError` is answered as `Fail` with its code; strangers get `no`. Returns the function that ends it. */
  handle(command: Command, handler: (request: PeerRequest) => Promise<PeerAnswer>): () => void;
  /** Open links, for status and pings. */
  links(): readonly {
    readonly peer: DeviceId;
    readonly inbound: boolean;
    readonly transport: string;
    readonly address: string;
    readonly rttMs: number | null;
    readonly since: number;
  }[];
  /** From now on this link reads what the person may read: it proved ownership with the words. Ends with the link. */
  admitProver(link: string, person: PersonId): void;
  /** A link that is up and greeted, made when there is none. `PEER_UNREACHABLE`, `NOT_ENTITLED` when we were refused. */
  connect(peer: DeviceId, signal: AbortSignal): Promise<void>;
  /** Sends our newest head to everybody linked. */
  announceIdentity(): void;
}
