import type { Clock } from '../../ports/world.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Channel } from './channel.ts';

/** Little that was received is acknowledged after this. */
const ACKNOWLEDGE_MS = 200;
const LEAVE_MS = 5_000;

type Kind = 'due' | 'tooOld' | 'frame' | 'acknowledge' | 'resume';

/** The deadlines of one link and the session below it, at most one of each kind. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timers = new Map<Kind, unknown>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A session has an age at which it should be replaced, and one at which it ends. */
  watchAge(due: () => void, tooOld: () => void): void {
    const ageMs = LIMITS.sessionAgeMs.value;
    this.#set('due', ageMs, due);
    this.#set('tooOld', ageMs + ageMs / 8, tooOld);
  }

  /** A frame once begun is complete in time, so that a peer cannot hold half a packet open for ever. */
  watchFrame(late: () => void): void {
    if (!this.#timers.has('frame')) this.#set('frame', LIMITS.frameMs.value, late);
  }

  frameDone(): void {
    this.#clear('frame');
  }

  acknowledgeSoon(fire: () => void): void {
    if (!this.#timers.has('acknowledge')) this.#set('acknowledge', ACKNOWLEDGE_MS, fire);
  }

  acknowledged(): void {
    this.#clear('acknowledge');
  }

  watchReturn(late: () => void): void {
    this.#set('resume', LIMITS.linkResumeMs.value, late);
  }

  /** A session was left or is gone; nothing of it is waited for any more. */
  clear(): void {
    for (const kind of [...this.#timers.keys()]) this.#clear(kind);
  }

  /**
   * Ends a session that was replaced. The side that answered leaves it open a moment, because its end must not come
   * to the dialler before the accept of the new one.
   */
  leave(channel: Channel, options: { readonly answered: boolean }): void {
    if (!options.answered) {
      channel.destroy();
      return;
    }
    const timer = this.#clock.setTimeout(() => channel.destroy(), LEAVE_MS);
    channel.onClosed(() => this.#clock.clearTimeout(timer));
  }

  #set(kind: Kind, delayMs: number, act: () => void): void {
    this.#clear(kind);
    const fire = () => {
      this.#timers.delete(kind);
      act();
    };
    this.#timers.set(kind, this.#clock.setTimeout(fire, delayMs));
  }

  #clear(kind: Kind): void {
    if (!this.#timers.has(kind)) return;
    this.#clock.clearTimeout(this.#timers.get(kind));
    this.#timers.delete(kind);
  }
}
