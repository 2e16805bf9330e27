import type { DeviceId, PersonId } from '../protocol/ids.ts';

/** How a greeting ended. */
export interface GreetingOutcome {
  readonly outcome: 'shaken' | 'unknown' | 'unreachable' | 'refused' | 'cancelled';
  readonly person: PersonId | null;
  /** Revision of the newest identity known after the greeting; 0 when none is. */
  readonly revision: number;
}

/** Presence of devices that somebody cares for, and greetings. */
export interface Contacts {
  /** Watches the device; closely means a word a minute. Watches add up; the function returned ends this one. */
  watch(device: DeviceId, closely: boolean): () => void;
  /** The present judgement; false for a device nobody watches unless there is a link to it. */
  isOnline(device: DeviceId): boolean;
  /** Wall-clock time since when it is offline, kept over restarts; null while it is online or was never judged. */
  absentSince(device: DeviceId): number | null;
  /** Finds, connects and exchanges identities; one run for all who ask at the same time. */
  greet(device: DeviceId, signal?: AbortSignal): Promise<GreetingOutcome>;
}
