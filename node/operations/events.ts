import type { NodeOperations } from '../api/index.ts';
import type { EventStream, StreamEntry } from '../event-stream.ts';
import { matcher } from './automats.ts';
import { iso } from './status.ts';

/** Facts of the bus, past and to come. */
export function eventsOperation(stream: EventStream): NodeOperations['events'] {
  return async ({ pattern, after, follow }, { signal }) => {
    const isWanted = matcher(pattern);
    const line = (entry: StreamEntry) =>
      entry.kind === 'fact' && isWanted(entry.fact.type) ? [{ ...entry.fact, seq: entry.seq, at: iso(entry.at) }] : [];
    const newest = stream.newest;
    return (async function* () {
      if (!follow && (after ?? 0) >= newest) return;
      for await (const entry of stream.follow({ after: after ?? (follow ? undefined : 0), signal })) {
        yield* line(entry);
        if (!follow && entry.seq >= newest) return;
      }
    })();
  };
}
