import type { IdAnswer } from './api/identity.ts';
import type { InitAnswer, RecoverAnswer } from './api/local.ts';
import type { NetworkFile } from './network-file.ts';

/** Choices of a new home. `network` null founds a network, unless the home has one already. */
export interface CreateIdentityOptions {
  readonly nickname: string | null;
  readonly role: string;
  readonly network: NetworkFile | null;
  readonly passphrase: string | null;
}

/** Choices of a recovery. Words are lower case, in their order. */
export interface RecoverIdentityOptions {
  readonly words: readonly string[];
  readonly network: NetworkFile | null;
  /** Directory addresses of members to ask, `host:port`. */
  readonly via: readonly string[];
  readonly passphrase: string | null;
  readonly signal: AbortSignal;
  /** What is being looked for now, for people. */
  readonly onStep: (sentence: string) => void;
}

/** What works on a home whose node is stopped, in the chapter identity. */
export interface OfflineIdentity {
  /** A new person and device. Rejects with `HOME_EXISTS`, `HOME_LOCKED`, `NICKNAME_INVALID`; nothing is written then. */
  createIdentity(home: string, options: CreateIdentityOptions): Promise<InitAnswer>;
  /** The person of the words on a new device. Rejects with `PHRASE_…`, `IDENTITY_NOT_FOUND`, `HOME_EXISTS`; nothing is written then. */
  recoverIdentity(home: string, options: RecoverIdentityOptions): Promise<RecoverAnswer>;
  /** Rejects with `IDENTITY_MISSING`. */
  showIdentity(home: string): Promise<IdAnswer>;
  /** Rejects with `PHRASE_…`, `PHRASE_DIFFERS`, `IDENTITY_MISSING`. */
  confirmWords(home: string, words: readonly string[]): Promise<{ readonly confirmed: true }>;
}
