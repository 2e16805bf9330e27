import type { Actor, AnyActorLogic, InspectionEvent } from 'xstate';
import type { DeviceId } from '../protocol/ids.ts';
import type { Directory } from './directory.ts';
import type { Disk } from './disk.ts';
import type { RecordEngine } from './records.ts';
import type { Sealing } from './sealing.ts';
import type { SessionClaims, Sessions } from './sessions.ts';
import type { Signer, SignerFactory } from './signer.ts';
import type { Transport } from './transports.ts';
import type { Workers } from './workers.ts';

/** Wall-clock time and timers. Delays of any length are honoured, also over sleep and clock jumps. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Milliseconds of a clock that never jumps back; for measuring only. */
  monotonic(): number;
  setTimeout(fire: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** All randomness of the node. */
export interface Random {
  /** Fresh bytes, cryptographically strong in the real world, from the seed in the seeded one. */
  bytes(length: number): Uint8Array;
  /** A number in [0, 1), for jitter and sampling; never for secrets. */
  fraction(): number;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One structured line. `code` is of the error catalogue or null. Never payloads, never secrets. */
export interface Log {
  write(
    level: LogLevel,
    chapter: string,
    message: string,
    code?: string | null,
    fields?: Record<string, unknown>,
  ): void;
}

/** What every `createActor` gets: time, the inspection seam and the registry of running automats. */
export interface ActorRuntime {
  readonly clock: { setTimeout(fire: () => void, delayMs: number): unknown; clearTimeout(timer: unknown): void };
  readonly inspect?: ((event: InspectionEvent) => void) | undefined;
  opened(machine: string, id: string, actor: Actor<AnyActorLogic>): void;
}

/** Host facts that are not the network's: sleep and changes of interfaces. */
export interface Host {
  onWake(listener: () => void): () => void;
  onInterfacesChanged(listener: () => void): () => void;
  interfaces(): readonly { readonly name: string; readonly address: string; readonly internal: boolean }[];
}

/** Everything outside the node. Three worlds exist: real, memory, seeded. */
export interface World {
  readonly kind: 'real' | 'memory' | 'seeded';
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly host: Host;
  readonly disk: Disk;
  readonly stores: RecordEngine;
  readonly transports: readonly Transport[];
  /** Made once the device key is known. */
  sessions(self: SessionSelf): Sessions;
  readonly sealing: Sealing;
  readonly signer: SignerFactory;
  directory(options: DirectoryOptions): Directory;
  readonly workers: Workers;
  /** Processors of this machine; two when not said. */
  readonly cores?: number;
  /** The passphrase of a locked key file, as it was typed at the start; undefined when none was asked for. */
  readonly passphrase?: () => string | undefined;
  /** Frees what the world itself holds (threads, timers, the log file), after the node has stopped. */
  close?(): Promise<void>;
}

/** Who speaks in sessions. */
export interface SessionSelf {
  readonly device: DeviceId;
  /** Of the device. */
  readonly signer: Signer;
  readonly networkId: Uint8Array;
  /** Person and head that our proofs name. */
  readonly claims?: () => SessionClaims;
}

export interface DirectoryOptions {
  readonly networkId: Uint8Array | null;
  /** Told to those who join; a word for people, never checked. */
  readonly networkName?: string;
  /** `host:port`; an empty list only for a founder. */
  readonly bootstrap: readonly string[];
  /** UDP port, chosen once and kept; never 0. */
  readonly port: number;
  readonly host: string;
  /** Folder where held records are kept over restarts; null keeps them in memory only. */
  readonly folder: string | null;
}
