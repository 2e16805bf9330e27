import { uptime } from 'node:os';
import type { Clock } from '../../ports/world.ts';

/** Where a real clock gets its time; the compliance test drives it with a fake. */
export interface TimeSource {
  /** Wall clock, ms since 1970; people and NTP set it. */
  now(): number;
  /** Ms, stands still while the host sleeps. */
  monotonic(): number;
  /** Ms since the host was booted, sleep included; never set by anybody. */
  uptime(): number;
  /** As Node's: a delay above 2^31 - 1 ms fires at once, and sleep is not counted. */
  setTimeout(fire: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
  /** As `setTimeout`, but does not keep the process alive. */
  setBackgroundTimeout(fire: () => void, delayMs: number): unknown;
}

interface RealTimer {
  readonly fire: () => void;
  /** In time since the clock was made, sleep included. */
  readonly due: number;
  handle: unknown;
}

/** Longest stretch given to the host's timers. */
const STRETCH_MAX_MS = 3_600_000;
const BEAT_EVERY_MS = 10_000;
/** A difference of two clocks above this is sleep or a jump, not a busy processor. */
const GAP_MIN_MS = 2_000;

const hostTime: TimeSource = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  uptime: () => uptime() * 1000,
  setTimeout: (fire, delayMs) => setTimeout(fire, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
  setBackgroundTimeout: (fire, delayMs) => setTimeout(fire, delayMs).unref(),
};

/**
 * The host's clock. A timer keeps its deadline in time that counts sleep and ignores jumps of the wall clock; it is armed
 * for at most an hour at a stretch, and all timers are looked at again when the host wakes.
 */
export class RealClock implements Clock {
  readonly #source: TimeSource;
  readonly #timers = new Set<RealTimer>();
  readonly #wakeListeners = new Set<() => void>();
  #slept = 0;
  #beat: unknown;
  #last: { readonly wall: number; readonly awake: number; readonly up: number };

  constructor(source: TimeSource = hostTime) {
    this.#source = source;
    this.#last = this.#readings();
  }

  now(): number {
    return this.#source.now();
  }

  monotonic(): number {
    return this.#source.monotonic();
  }

  setTimeout(fire: () => void, delayMs: number): unknown {
    const delay = Number.isFinite(delayMs) ? Math.max(0, delayMs) : 0;
    const timer: RealTimer = { fire, due: this.#elapsed() + delay, handle: undefined };
    this.#timers.add(timer);
    this.#arm(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    if (!timer || !this.#timers.delete(timer as RealTimer)) return;
    this.#source.clearTimeout((timer as RealTimer).handle);
  }

  /** Begins to watch for sleep and jumps of the wall clock. */
  start(): void {
    if (this.#beat) return;
    this.#last = this.#readings();
    this.#armBeat();
  }

  /** Ends the watching and every timer. */
  stop(): void {
    this.#source.clearTimeout(this.#beat);
    this.#beat = undefined;
    for (const timer of [...this.#timers]) this.clearTimeout(timer);
  }

  /** Called after a sleep and after a jump of the wall clock, at most `BEAT_EVERY_MS` late. Returns the function that ends it. */
  onWake(listener: () => void): () => void {
    this.#wakeListeners.add(listener);
    return () => this.#wakeListeners.delete(listener);
  }

  #elapsed(): number {
    return this.#source.monotonic() + this.#slept;
  }

  #arm(timer: RealTimer): void {
    const left = timer.due - this.#elapsed();
    timer.handle = this.#source.setTimeout(() => this.#look(timer), Math.min(Math.max(left, 0), STRETCH_MAX_MS));
  }

  #look(timer: RealTimer): void {
    if (!this.#timers.has(timer)) return;
    if (timer.due > this.#elapsed()) {
      this.#arm(timer);
      return;
    }
    this.#timers.delete(timer);
    timer.fire();
  }

  #armBeat(): void {
    this.#beat = this.#source.setBackgroundTimeout(() => {
      this.#armBeat();
      this.#compareClocks();
    }, BEAT_EVERY_MS);
  }

  #compareClocks(): void {
    const before = this.#last;
    const after = this.#readings();
    this.#last = after;
    const slept = after.up - before.up - (after.awake - before.awake);
    const jumped = after.wall - before.wall - (after.up - before.up);
    if (slept > GAP_MIN_MS) this.#slept += slept;
    if (slept > GAP_MIN_MS || Math.abs(jumped) > GAP_MIN_MS) this.#wake();
  }

  #wake(): void {
    const due = [...this.#timers].sort((one, other) => one.due - other.due);
    for (const timer of due) {
      if (!this.#timers.has(timer)) continue;
      this.#source.clearTimeout(timer.handle);
      this.#look(timer);
    }
    for (const listener of [...this.#wakeListeners]) listener();
  }

  #readings(): { wall: number; awake: number; up: number } {
    return { wall: this.#source.now(), awake: this.#source.monotonic(), up: this.#source.uptime() };
  }
}
