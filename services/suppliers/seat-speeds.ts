import type { SeatSpeeds } from '../../ports/suppliers.ts';

const SAMPLES_KEPT = 32;
const UNKNOWN_MS = 200;
const RECENT = 4;

/** Answer times of the last requests to each seat. The order follows the newest few, so that one who turns slow is soon asked last. */
export function createSeatSpeeds(): SeatSpeeds {
  const samples = new Map<number, number[]>();

  const quantile = (seat: number, part: number): number => {
    const known = samples.get(seat);
    if (!known || known.length === 0) return UNKNOWN_MS;
    const sorted = [...known].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
  };

  const recent = (seat: number): number => {
    const newest = samples.get(seat)?.slice(-RECENT) ?? [];
    return newest.length === 0 ? UNKNOWN_MS : newest.reduce((sum, ms) => sum + ms, 0) / newest.length;
  };

  return {
    note(seat, ms) {
      const known = samples.get(seat) ?? [];
      known.push(ms);
      if (known.length > SAMPLES_KEPT) known.shift();
      samples.set(seat, known);
    },
    rank: (seats) => [...seats].sort((a, b) => recent(a) - recent(b) || a - b),
    p95Ms: (seat) => quantile(seat, 0.95),
  };
}
