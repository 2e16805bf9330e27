import type { Clock } from '../../ports/world.ts';
import { type HeapTimer, TimerHeap } from './timer-heap.ts';

/** Time that moves only when told to; timers fire in deadline order, each at its own instant, ties in order of insertion. */
export class VirtualClock implements Clock {
  readonly #timers = new TimerHeap();
  readonly #wakeListeners = new Set<() => void>();
  #elapsed = 0;
  #slept = 0;
  #wallAtZero: number;
  #order = 0;

  constructor(options: { readonly startAt?: number } = {}) {
    this.#wallAtZero = options.startAt ?? 0;
  }

  /** Wall-clock time in whole ms, as `Date.now`; moves with `advance` and `sleep`, and by itself with `jump`. */
  now(): number {
    return Math.floor(this.#wallAtZero + this.#elapsed);
  }

  /** Time awake: neither `jump` nor `sleep` moves it. */
  monotonic(): number {
    return this.#elapsed - this.#slept;
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  setTimeout(fire: () => void, delayMs: number): HeapTimer {
    const delay = Number.isFinite(delayMs) ? Math.max(0, delayMs) : 0;
    const timer = { due: this.#elapsed + delay, order: this.#order++, fire, cancelled: false };
    this.#timers.push(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    if (timer) this.#timers.cancel(timer as HeapTimer);
  }

  /** Milliseconds until the next timer; undefined when there is none. */
  untilNext(): number | undefined {
    const next = this.#timers.peek();
    return next && Math.max(0, next.due - this.#elapsed);
  }

  /** Lets `ms` pass; timers set meanwhile and due within it fire too. */
  advance(ms: number): void {
    const target = this.#elapsed + ms;
    while (this.#fireOne(target)) {
      // each timer fires at its own instant
    }
    this.#elapsed = target;
  }

  /** Moves to the next timer within `limitMs` and fires it alone; false when there is none. */
  step(limitMs = Number.POSITIVE_INFINITY): boolean {
    return this.#fireOne(this.#elapsed + limitMs);
  }

  /** The host sleeps: time passes and nothing runs; what became due fires on waking, then listeners of `onWake`. */
  sleep(ms: number): void {
    this.#elapsed += ms;
    this.#slept += ms;
    this.advance(0);
    this.#tellWake();
  }

  /** The wall clock is set forward or back; no timer moves. */
  jump(ms: number): void {
    this.#wallAtZero += ms;
    this.#tellWake();
  }

  /** Called after a sleep and after a jump of the wall clock. Returns the function that ends it. */
  onWake(listener: () => void): () => void {
    this.#wakeListeners.add(listener);
    return () => this.#wakeListeners.delete(listener);
  }

  #fireOne(limit: number): boolean {
    const next = this.#timers.peek();
    if (!next || next.due > limit) return false;
    this.#timers.pop();
    this.#elapsed = Math.max(this.#elapsed, next.due);
    next.fire();
    return true;
  }

  #tellWake(): void {
    for (const listener of [...this.#wakeListeners]) listener();
  }
}
