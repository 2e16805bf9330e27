import { createHash } from 'node:crypto';

/** A running hash over the lines of a trace: two runs with the same hash did the same things in the same order. */
export interface TraceHash {
  add(line: string): void;
  readonly lines: number;
  /** Hash of all lines so far, hex. */
  digest(): string;
  /** The last lines, for the message of a failed test. */
  tail(): readonly string[];
}

const TAIL_LINES = 200;

/** Starts an empty trace hash. */
export function traceHash(): TraceHash {
  const hash = createHash('sha256');
  const tail: string[] = [];
  let lines = 0;
  return {
    add(line) {
      hash.update(line).update('\n');
      if (tail.push(line) > TAIL_LINES) tail.shift();
      lines++;
    },
    get lines() {
      return lines;
    },
    digest: () => hash.copy().digest('hex'),
    tail: () => [...tail],
  };
}
