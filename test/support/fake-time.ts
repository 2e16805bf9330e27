import type { TimeSource } from '../../node/worlds/real-clock.ts';
import { VirtualClock } from '../../node/worlds/virtual-clock.ts';

/** Node fires a longer timer at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** A host whose timers have the faults of the real ones: too long ones fire at once, and sleep is not counted. */
export class FakeHost implements TimeSource {
  readonly #awake = new VirtualClock();
  #slept = 0;
  #wallOffset = 1_700_000_000_000;
  /** Delays that were asked for. */
  readonly delays: number[] = [];

  now(): number {
    return this.#wallOffset + this.uptime();
  }

  monotonic(): number {
    return this.#awake.monotonic();
  }

  uptime(): number {
    return this.#awake.monotonic() + this.#slept;
  }

  setTimeout(fire: () => void, delayMs: number): unknown {
    this.delays.push(delayMs);
    return this.#awake.setTimeout(fire, delayMs > TIMER_MAX_MS ? 1 : delayMs);
  }

  setBackgroundTimeout(fire: () => void, delayMs: number): unknown {
    return this.#awake.setTimeout(fire, delayMs);
  }

  clearTimeout(handle: unknown): void {
    this.#awake.clearTimeout(handle);
  }

  advance(ms: number): void {
    this.#awake.advance(ms);
  }

  sleep(ms: number): void {
    this.#slept += ms;
  }

  jump(ms: number): void {
    this.#wallOffset += ms;
  }
}
