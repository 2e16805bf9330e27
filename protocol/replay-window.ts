import { LIMITS } from './limits.ts';

/** What a receiver keeps of one signer: the highest sequence taken, and which of those just below it were taken too. */
export interface ReplayWindow {
  readonly highest: number;
  /** Bit 0 of byte 0 stands for `highest`, the next for `highest - 1`, and so on. */
  readonly taken: Uint8Array;
}

const WINDOW_BITS = LIMITS.replayWindowBits.value;

/** Before anything was taken. Sequences begin with 1. */
export function emptyWindow(): ReplayWindow {
  return { highest: 0, taken: new Uint8Array(WINDOW_BITS / 8) };
}

function shifted(taken: Uint8Array, by: number): Uint8Array {
  const result = new Uint8Array(taken.length);
  for (let bit = 0; bit + by < WINDOW_BITS; bit += 1) {
    if (taken[bit >> 3]! & (1 << (bit & 7))) result[(bit + by) >> 3]! |= 1 << ((bit + by) & 7);
  }
  return result;
}

/**
 * Takes a sequence once. `taken` carries the window to keep, in the same batch as the effect; `repeated` and `too-old` are
 * refused and change nothing. Late within the window is not the same as repeated.
 */
export function takeSequence(
  window: ReplayWindow,
  sequence: number,
): { readonly verdict: 'taken'; readonly window: ReplayWindow } | { readonly verdict: 'repeated' | 'too-old' } {
  if (!Number.isSafeInteger(sequence) || sequence < 1) return { verdict: 'too-old' };
  if (sequence > window.highest) {
    const taken = shifted(window.taken, Math.min(sequence - window.highest, WINDOW_BITS));
    taken[0]! |= 1;
    return { verdict: 'taken', window: { highest: sequence, taken } };
  }
  const bit = window.highest - sequence;
  if (bit >= WINDOW_BITS) return { verdict: 'too-old' };
  const mask = 1 << (bit & 7);
  if (window.taken[bit >> 3]! & mask) return { verdict: 'repeated' };
  const taken = window.taken.slice();
  taken[bit >> 3]! |= mask;
  return { verdict: 'taken', window: { highest: window.highest, taken } };
}
