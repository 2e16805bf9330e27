import type { SeatSpeeds } from '../../ports/suppliers.ts';

const SAMPLES_KEPT = 32;
const UNKNOWN_MS = 200;

/** Answer times of the last requests to each seat, scaled to one leaf range so that large and small answers compare. */
export function createSeatSpeeds(): SeatSpeeds {
  const samples = new Map<number, number[]>();

  const quantile = (seat: number, part: number): number => {
    const known = samples.get(seat);
    if (!known || known.length === 0) return UNKNOWN_MS;
    const sorted = [...known].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
  };

  return {
    note(seat, ms) {
      const known = samples.get(seat) ?? [];
      known.push(ms);
      if (known.length > SAMPLES_KEPT) known.shift();
      samples.set(seat, known);
    },
    rank: (seats) => [...seats].sort((a, b) => quantile(a, 0.5) - quantile(b, 0.5) || a - b),
    p95Ms: (seat) => quantile(seat, 0.95),
  };
}
