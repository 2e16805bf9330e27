import type { LogDraft, OwnLog } from '../../ports/order-logs.ts';

/** Sealed edits that wait for the next 2 s to pass, so that many become few entries. */
export interface GatheredEdits {
  /** Resolves when the edit is durable, rejects when it could not be written. */
  add(name: string, sealed: Uint8Array): Promise<void>;
  /** Writes all that waits; gives the kinds written. */
  flush(): Promise<readonly string[]>;
}

interface Waiting {
  readonly draft: LogDraft;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Edits are written in the order they came, all of a round or none. */
export function gatherEdits(log: OwnLog): GatheredEdits {
  let waiting: Waiting[] = [];
  return {
    add: (name, sealed) =>
      new Promise((done, failed) => {
        waiting.push({ draft: { kind: 'document', body: { name, sealed } }, done, failed });
      }),
    async flush() {
      const round = waiting;
      waiting = [];
      try {
        await log.append(round.map(({ draft }) => draft));
      } catch (error) {
        for (const { failed } of round) failed(error);
        throw error;
      }
      for (const { done } of round) done();
      return round.length > 0 ? ['document'] : [];
    },
  };
}
