import type { Bus } from '../bus/bus.ts';
import type { Fact } from '../bus/facts/index.ts';
import { BitDustError } from '../protocol/errors.ts';
import type { Inspector, TransitionRecord } from './inspector.ts';
import { Ring } from './ring.ts';

/** One thing that happened, with its number; facts and transitions are numbered in one row. */
export type StreamEntry =
  | { readonly seq: number; readonly at: number; readonly kind: 'fact'; readonly fact: Fact }
  | { readonly seq: number; readonly at: number; readonly kind: 'transition'; readonly transition: TransitionRecord };

export interface EventStream {
  /** The next number of the row; also used by the inspector. */
  nextSeq(): number;
  /** Number of the newest entry. */
  readonly newest: number;
  /** Joins the bus and the inspector. Returns the function that leaves them. */
  attach(bus: Bus, inspector: Inspector): () => void;
  /**
   * What comes after number `after` (default: from now on), until the signal aborts. Rejects with `EVENTS_GONE` when entries
   * after that number are already forgotten, also when the reader is so slow that this happens while he reads.
   */
  follow(options: {
    readonly after?: number | undefined;
    readonly kind?: StreamEntry['kind'];
    readonly signal: AbortSignal;
  }): AsyncIterable<StreamEntry>;
}

const ENTRIES_KEPT = 20_000;

/** The newest facts and transitions of the node, kept so that a face can read them live and go on where it was cut off. */
export function createEventStream(options: { readonly now: () => number; readonly entriesKept?: number }): EventStream {
  const entriesKept = options.entriesKept ?? ENTRIES_KEPT;
  const ring = new Ring<StreamEntry>(entriesKept);
  const waiting = new Set<() => void>();
  let seq = 0;
  let newest = 0;

  function add(entry: StreamEntry): void {
    ring.push(entry);
    newest = entry.seq;
    for (const wake of [...waiting]) wake();
  }

  function nextAfter(after: number, signal: AbortSignal): Promise<void> {
    if (newest > after || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  function isForgotten(after: number): boolean {
    return ring.length === entriesKept && (ring.oldest()?.seq ?? 0) > after + 1;
  }

  async function* follow(from: Parameters<EventStream['follow']>[0]): AsyncGenerator<StreamEntry> {
    const { kind, signal } = from;
    let after = from.after ?? newest;
    while (!signal.aborted) {
      if (after > newest || isForgotten(after)) throw new BitDustError('EVENTS_GONE');
      const entries = ring.toArray().filter((entry) => entry.seq > after);
      for (const entry of entries) {
        if (signal.aborted) return;
        if (!kind || entry.kind === kind) yield entry;
      }
      after = Math.max(after, entries.at(-1)?.seq ?? after);
      await nextAfter(after, signal);
    }
  }

  return {
    nextSeq: () => ++seq,
    get newest() {
      return newest;
    },
    attach(bus, inspector) {
      const leaveBus = bus.tap((fact) => add({ seq: ++seq, at: options.now(), kind: 'fact', fact }));
      const leaveInspector = inspector.onTransition((transition) => {
        add({ seq: transition.seq, at: transition.at, kind: 'transition', transition });
      });
      return () => {
        leaveBus();
        leaveInspector();
      };
    },
    follow,
  };
}
