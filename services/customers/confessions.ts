import type { Self } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { PieceRef, PieceStore } from '../../ports/pieces.ts';
import type { Records } from '../../ports/records.ts';
import { makeConfession } from '../../protocol/confession.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';

export interface ConfessionsNeeds {
  readonly self: Pick<Self, 'device' | 'signer' | 'networkId'>;
  readonly records: Records;
  readonly pieces: Pick<PieceStore, 'row'>;
  readonly messenger: Pick<Messenger, 'request'>;
  readonly clock: { now(): number };
}

/** Losses that customers must be told of, kept until they are. */
export interface Confessions {
  /** Durable on return. */
  note(refs: readonly PieceRef[]): Promise<void>;
  /** Tells the customer; what he acknowledged is forgotten. A piece that is whole again is not confessed. */
  tell(options: {
    readonly customer: PersonId;
    readonly device: DeviceId;
    readonly signal: AbortSignal;
  }): Promise<void>;
  forget(customer: PersonId): Promise<void>;
}

const ANSWER_MS = 15_000;
const spanOf = (customer: PersonId) => ({ from: `confess/${customer}/`, before: `confess/${customer}0` });

/** Confessions in the records of the chapter. */
export function createConfessions({ self, records, pieces, messenger, clock }: ConfessionsNeeds): Confessions {
  async function next(customer: PersonId): Promise<{ key: string; ref: PieceRef }[]> {
    const found: { key: string; ref: PieceRef }[] = [];
    for await (const [key] of records.range({ ...spanOf(customer), limit: LIMITS.confessedPiecesMax.value })) {
      const [, , block, seat] = key.split('/');
      found.push({ key, ref: { customer, block: block ?? '', seat: Number(seat) } });
    }
    return found;
  }

  async function drop(keys: readonly string[]): Promise<void> {
    await records.batch(
      keys.map((remove) => ({ remove })),
      { durable: true },
    );
  }

  return {
    async note(refs) {
      const operations = refs.map(({ customer, block, seat }) => ({
        put: `confess/${customer}/${block}/${seat}`,
        value: new Uint8Array(0),
      }));
      if (operations.length > 0) await records.batch(operations, { durable: true });
    },
    async tell({ customer, device, signal }) {
      for (let round = await next(customer); round.length > 0; round = await next(customer)) {
        signal.throwIfAborted();
        const lost: PieceRef[] = [];
        for (const { ref } of round) {
          const row = await pieces.row(ref);
          if (row === undefined || (row.rotten && row.trash === null)) lost.push(ref);
        }
        if (lost.length > 0) {
          const confession = {
            network: self.networkId,
            owner: customer,
            supplier: self.device,
            pieces: lost.map(({ block, seat }) => ({ block, seat, state: 'rotten' as const })),
            at: clock.now(),
          };
          const { bytes } = makeConfession(confession, self.signer);
          const options = { signal, deadlineMs: ANSWER_MS, owner: customer };
          await messenger.request(device, 'Confess', { statement: bytes }, options);
        }
        await drop(round.map(({ key }) => key));
      }
    },
    async forget(customer) {
      const keys: string[] = [];
      for await (const [key] of records.range(spanOf(customer))) keys.push(key);
      if (keys.length > 0) await drop(keys);
    },
  };
}
