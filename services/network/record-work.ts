import type { Directory, DirectoryRecord } from '../../ports/directory.ts';
import type { KeptRecord } from '../../ports/publishing.ts';
import type { Records } from '../../ports/records.ts';
import type { Clock } from '../../ports/world.ts';
import { nextSequence } from '../../protocol/directory-rules.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes } from '../../protocol/hash.ts';

/** One record of ours and how it stands. */
export interface Kept {
  record: KeptRecord;
  signed: DirectoryRecord | undefined;
  /** Version of the present announce: the time it was made. */
  announced: number;
  holders: number;
  version: number;
}

/** A node whose clock is further from its neighbours' writes by theirs. */
const CLOCK_TRUSTED_MS = 120_000;

export interface RecordWorkNeeds {
  readonly clock: Pick<Clock, 'now'>;
  readonly directory: Directory;
  readonly records: Records;
  readonly neighbours: () => number;
}

/** Signing, storing and reading back of own records, by their kinds. */
export class RecordWork {
  readonly #needs: RecordWorkNeeds;

  constructor(needs: RecordWorkNeeds) {
    this.#needs = needs;
  }

  async sign(name: string, kept: Kept): Promise<{ version: number }> {
    const { record } = kept;
    if (record.kind === 'announce') {
      kept.announced = Math.floor(this.#needs.clock.now() / 1000);
      return { version: kept.announced };
    }
    if (record.kind === 'signed') {
      const ready = record.record();
      if (ready === null) throw new BitDustError('RECORD_INVALID', 'There is no signed record yet.');
      kept.signed = ready;
      return { version: ready.sequence };
    }
    const value = record.value();
    if (value === null) throw new BitDustError('RECORD_INVALID', 'There is nothing to publish yet.');
    const sequence = nextSequence(this.#now(), await this.#lastSequence(name, kept));
    // Written before it is used: the same number must never name two values.
    const text = new TextEncoder().encode(String(sequence));
    await this.#needs.records.batch([{ put: `sequence/${name}`, value: text }], { durable: true });
    const { publicKey, sign } = record;
    kept.signed = this.#needs.directory.makeRecord({ publicKey, sign, sequence, value });
    return { version: sequence };
  }

  async #lastSequence(name: string, kept: Kept): Promise<number> {
    const value = await this.#needs.records.get(`sequence/${name}`);
    const stored = value === undefined ? 0 : Number(new TextDecoder().decode(value));
    return Math.max(stored, kept.signed?.sequence ?? 0);
  }

  #now(): number {
    const offset = this.#needs.directory.clockOffsetMs() ?? 0;
    return this.#needs.clock.now() + (Math.abs(offset) > CLOCK_TRUSTED_MS ? offset : 0);
  }

  async store(kept: Kept, signal: AbortSignal): Promise<void> {
    const { record, signed } = kept;
    const { directory } = this.#needs;
    if (record.kind !== 'announce') {
      if (signed === undefined) throw new BitDustError('RECORD_INVALID');
      return directory.put(signed, signal);
    }
    const { target, publicKey, sign } = record;
    return directory.announce({ target, publicKey, sign, signal });
  }

  async readBack(
    kept: Kept,
    signal: AbortSignal,
  ): Promise<{ version: number; holders: number; holdersPossible: number }> {
    const { record, signed, announced } = kept;
    const { directory, neighbours } = this.#needs;
    const holdersPossible = neighbours();
    if (record.kind === 'announce') {
      const { keys } = await directory.lookUp(record.target, signal);
      const isThere = keys.some((key) => equalBytes(key, record.publicKey));
      return { version: announced, holders: isThere ? Math.max(1, holdersPossible) : 0, holdersPossible };
    }
    if (signed === undefined) throw new BitDustError('RECORD_INVALID');
    const found = await directory.get(signed.publicKey, signal);
    return { version: found?.record.sequence ?? 0, holders: found?.holders ?? 0, holdersPossible };
  }
}
