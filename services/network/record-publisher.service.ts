import type { Bus } from '../../bus/bus.ts';
import { recordPublisherWith } from '../../machines/network/record-publisher.machine.ts';
import type { Directory } from '../../ports/directory.ts';
import type { KeptRecord, Publisher } from '../../ports/publishing.ts';
import type { Records } from '../../ports/records.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import { type Kept, RecordWork } from './record-work.ts';

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

class RecordPublisherService implements RecordPublisher {
  readonly #needs: RecordPublisherNeeds;
  readonly #kept = new Map<string, Kept>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #pool: ActorPool<ReturnType<typeof recordPublisherWith>>;
  readonly #unsubscribes: (() => void)[] = [];
  #isStarted = false;

  constructor(needs: RecordPublisherNeeds) {
    this.#needs = needs;
    const work = new RecordWork(needs);
    this.#pool = new ActorPool({
      machine: recordPublisherWith({
        signRecord: ({ record }) => work.sign(record, this.#get(record)),
        storeRecord: ({ record }, signal) => work.store(this.#get(record), signal),
        readBack: ({ record }, signal) => work.readBack(this.#get(record), signal),
      }),
      runtime: needs.runtime,
      actorsMax: LIMITS.keptRecordsMax.value,
      onEmit: (fact) => {
        const isPublished = fact.type === 'record.published';
        if (isPublished) this.#notePublished(fact.record, fact);
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
    const isRunning = this.#isStarted;
    if (isRunning) this.#open(record.name);
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
    if (kept === undefined) return;
    const { record } = kept;
    const isFound = record.kind === 'announce' && this.#needs.isJoined();
    if (!isFound) return;
    const { target, publicKey, sign } = record;
    await this.#needs.directory.unannounce({ target, publicKey, sign, signal: new AbortController().signal });
  }

  published(name: string, signal: AbortSignal): Promise<void> {
    const isPublished = (this.#kept.get(name)?.version ?? 0) > 0;
    if (isPublished) return Promise.resolve();
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
}

/** Keeps every record of ours in the directory, one actor each. */
export function createRecordPublisher(needs: RecordPublisherNeeds): RecordPublisher {
  return new RecordPublisherService(needs);
}
