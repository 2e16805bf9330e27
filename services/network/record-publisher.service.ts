import type { Bus } from '../../bus/bus.ts';
import { recordPublisherWith } from '../../machines/network/record-publisher.machine.ts';
import type { Directory, DirectoryRecord } from '../../ports/directory.ts';
import type { KeptRecord, Publisher } from '../../ports/publishing.ts';
import type { Records } from '../../ports/records.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { nextSequence } from '../../protocol/directory-rules.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';

export interface RecordPublisherNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  readonly directory: Directory;
  /** Where the last sequence of each record is kept, so that none is used twice. */
  readonly records: Records;
  readonly isJoined: () => boolean;
  readonly neighbours: () => number;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface RecordPublisher extends Publisher, Service {}

interface Kept {
  record: KeptRecord;
  signed: DirectoryRecord | undefined;
  /** Version of the present announce: the time it was made. */
  announced: number;
  holders: number;
  version: number;
}

/** A node whose clock is further from its neighbours' writes by theirs. */
const CLOCK_TRUSTED_MS = 120_000;

class RecordPublisherService implements RecordPublisher {
  readonly #needs: RecordPublisherNeeds;
  readonly #kept = new Map<string, Kept>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #pool: ActorPool<ReturnType<typeof recordPublisherWith>>;
  readonly #unsubscribes: (() => void)[] = [];
  #isStarted = false;

  constructor(needs: RecordPublisherNeeds) {
    this.#needs = needs;
    this.#pool = new ActorPool({
      machine: recordPublisherWith({
        signRecord: ({ record }) => this.#sign(record),
        storeRecord: ({ record }, signal) => this.#store(record, signal),
        readBack: ({ record }, signal) => this.#readBack(record, signal),
      }),
      runtime: needs.runtime,
      actorsMax: LIMITS.keptRecordsMax.value,
      onEmit: (fact) => {
        if (fact.type === 'record.published') this.#notePublished(fact.record, fact);
        needs.bus.publish(fact);
      },
      onFailure: needs.onFailure,
    });
  }

  start(): void {
    const { bus } = this.#needs;
    this.#isStarted = true;
    this.#unsubscribes.push(
      bus.subscribe(['directory.joined'], (fact) => this.#pool.sendAll(fact)),
      bus.subscribe(['transport.listening'], (fact) => void this.#pool.send('presence', fact)),
      bus.subscribe(['suppliers.changed'], (fact) => void this.#pool.send('recovery', fact)),
    );
    for (const name of this.#kept.keys()) this.#open(name);
  }

  stop(): void {
    this.#isStarted = false;
    for (const unsubscribe of this.#unsubscribes.splice(0)) unsubscribe();
    this.#pool.closeAll();
  }

  keep(record: KeptRecord): boolean {
    const old = this.#kept.get(record.name);
    if (old === undefined && this.#kept.size >= LIMITS.keptRecordsMax.value) return false;
    if (old !== undefined) {
      old.record = record;
      this.update(record.name);
      return true;
    }
    this.#kept.set(record.name, { record, signed: undefined, announced: 0, holders: 0, version: 0 });
    if (this.#isStarted) this.#open(record.name);
    return true;
  }

  update(name: string): void {
    this.#pool.send(name, { type: 'update' });
  }

  async withdraw(name: string): Promise<void> {
    const kept = this.#kept.get(name);
    this.#kept.delete(name);
    this.#pool.send(name, { type: 'withdraw' });
    this.#pool.close(name);
    if (kept?.record.kind !== 'announce' || !this.#needs.isJoined()) return;
    const { target, publicKey, sign } = kept.record;
    await this.#needs.directory.unannounce({ target, publicKey, sign, signal: new AbortController().signal });
  }

  published(name: string, signal: AbortSignal): Promise<void> {
    if ((this.#kept.get(name)?.version ?? 0) > 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(name) ?? new Set();
      this.#waiting.set(name, waiting.add(resolve));
      const abort = (): void => {
        waiting.delete(resolve);
        reject(signal.reason);
      };
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    });
  }

  status(): ReturnType<Publisher['status']> {
    return [...this.#kept].map(([name, { version, holders }]) => ({ name, version, holders }));
  }

  signedRecords(): ReturnType<Publisher['signedRecords']> {
    return [...this.#kept].flatMap(([name, { signed }]) => (signed === undefined ? [] : [{ name, record: signed }]));
  }

  #open(name: string): void {
    const seed = Math.floor(this.#needs.random.fraction() * 2 ** 31);
    this.#pool.open(name, { record: name, seed });
  }

  #notePublished(name: string, fact: { readonly version: number; readonly holders: number }): void {
    const kept = this.#kept.get(name);
    if (kept !== undefined) Object.assign(kept, { version: fact.version, holders: fact.holders });
    for (const resolve of this.#waiting.get(name) ?? []) resolve();
    this.#waiting.delete(name);
  }

  #get(name: string): Kept {
    const kept = this.#kept.get(name);
    if (kept === undefined) throw new BitDustError('CANCELLED');
    return kept;
  }

  async #sign(name: string): Promise<{ version: number }> {
    const kept = this.#get(name);
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
    const sequence = nextSequence(this.#now(), await this.#lastSequence(name));
    // Written before it is used: the same number must never name two values.
    const text = new TextEncoder().encode(String(sequence));
    await this.#needs.records.batch([{ put: `sequence/${name}`, value: text }], { durable: true });
    const { publicKey, sign } = record;
    kept.signed = this.#needs.directory.makeRecord({ publicKey, sign, sequence, value });
    return { version: sequence };
  }

  async #lastSequence(name: string): Promise<number> {
    const value = await this.#needs.records.get(`sequence/${name}`);
    const stored = value === undefined ? 0 : Number(new TextDecoder().decode(value));
    return Math.max(stored, this.#get(name).signed?.sequence ?? 0);
  }

  #now(): number {
    const offset = this.#needs.directory.clockOffsetMs() ?? 0;
    return this.#needs.clock.now() + (Math.abs(offset) > CLOCK_TRUSTED_MS ? offset : 0);
  }

  async #store(name: string, signal: AbortSignal): Promise<void> {
    const { record, signed } = this.#get(name);
    const { directory } = this.#needs;
    if (record.kind !== 'announce') {
      if (signed === undefined) throw new BitDustError('RECORD_INVALID');
      return directory.put(signed, signal);
    }
    const { target, publicKey, sign } = record;
    return directory.announce({ target, publicKey, sign, signal });
  }

  async #readBack(
    name: string,
    signal: AbortSignal,
  ): Promise<{ version: number; holders: number; holdersPossible: number }> {
    const { record, signed, announced } = this.#get(name);
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

/** Keeps every record of ours in the directory, one actor each. */
export function createRecordPublisher(needs: RecordPublisherNeeds): RecordPublisher {
  return new RecordPublisherService(needs);
}
