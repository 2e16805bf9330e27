/** How one direction between two hosts behaves. */
export interface LinkProfile {
  /** One way, before the first byte arrives. */
  readonly latencyMs: number;
  /** Added to the latency, drawn evenly from 0 to this. Bytes of a stream stay in order. */
  readonly jitterMs: number;
  /** Chance that a segment is lost. A stream is reliable, so loss costs a resend and a wait, never bytes. */
  readonly lossProbability: number;
  /** 0 is without limit. Shared by all streams of the direction. */
  readonly bytesPerSecond: number;
}

/** A perfect wire. */
export const PERFECT_LINK: LinkProfile = { latencyMs: 0, jitterMs: 0, lossProbability: 0, bytesPerSecond: 0 };

/** The wait of a sender before it sends a lost segment again, beyond a round trip. */
const RESEND_MS = 20;
const LOSSES_MAX = 16;

/** State of one direction between two hosts. Everything random or timed comes from the arguments. */
export class Wire {
  profile: LinkProfile;
  /** Cut or clogged: nothing leaves until it is mended. */
  cut = false;
  #freeAt = 0;

  constructor(profile: LinkProfile) {
    this.profile = profile;
  }

  /** When the last byte of a segment sent now arrives; draws from `fraction` only where the profile is random. */
  arrivalOf(bytes: number, now: number, fraction: () => number): number {
    const { latencyMs, jitterMs, lossProbability, bytesPerSecond } = this.profile;
    let losses = 0;
    while (lossProbability > 0 && losses < LOSSES_MAX && fraction() < lossProbability) losses += 1;
    const sendingMs = bytesPerSecond > 0 ? (bytes * 1000 * (losses + 1)) / bytesPerSecond : 0;
    this.#freeAt = Math.max(this.#freeAt, now) + sendingMs;
    const jitter = jitterMs > 0 ? jitterMs * fraction() : 0;
    return this.#freeAt + latencyMs + jitter + losses * (2 * latencyMs + RESEND_MS);
  }

  /** What was queued before the cut is sent anew, so the line is free again. */
  mended(now: number): void {
    this.#freeAt = now;
  }
}
