/** A timer that waits in a heap. */
export interface HeapTimer {
  readonly due: number;
  /** Order of insertion, so that timers of one instant fire in it. */
  readonly order: number;
  readonly fire: () => void;
  cancelled: boolean;
}

/** A binary heap of timers, earliest first. A cancelled timer is dropped when it comes to the top. */
export class TimerHeap {
  readonly #timers: HeapTimer[] = [];
  #alive = 0;

  /** Timers that are neither fired nor cancelled. */
  get size(): number {
    return this.#alive;
  }

  push(timer: HeapTimer): void {
    this.#alive++;
    const timers = this.#timers;
    let at = timers.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, timers[parent]!)) break;
      timers[at] = timers[parent]!;
      at = parent;
    }
    timers[at] = timer;
  }

  cancel(timer: HeapTimer): void {
    if (timer.cancelled) return;
    timer.cancelled = true;
    this.#alive--;
  }

  /** The earliest timer, which stays in the heap. */
  peek(): HeapTimer | undefined {
    while (this.#timers[0]?.cancelled) this.#removeTop();
    return this.#timers[0];
  }

  /** Takes the earliest timer out; cancelling it afterwards does nothing. */
  pop(): HeapTimer | undefined {
    const top = this.peek();
    if (!top) return undefined;
    this.#removeTop();
    this.cancel(top);
    return top;
  }

  #removeTop(): void {
    const timers = this.#timers;
    const last = timers.pop();
    if (!last || timers.length === 0) return;
    let at = 0;
    for (let child = 1; child < timers.length; child = 2 * at + 1) {
      if (child + 1 < timers.length && isBefore(timers[child + 1]!, timers[child]!)) child++;
      if (!isBefore(timers[child]!, last)) break;
      timers[at] = timers[child]!;
      at = child;
    }
    timers[at] = last;
  }
}

function isBefore(one: HeapTimer, other: HeapTimer): boolean {
  return one.due < other.due || (one.due === other.due && one.order < other.order);
}
