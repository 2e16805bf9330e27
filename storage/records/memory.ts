import type { RecordEngine, RecordOperation, RecordStore } from '../../ports/records.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { recordsOver } from './parts.ts';
import { SortedRows } from './sorted-rows.ts';

/** One call of the memory engine, counted from 0 since it was made. */
export interface RecordCall {
  readonly index: number;
  readonly call: 'open' | 'get' | 'batch' | 'range';
  readonly folder: string;
}

/** `unsure` fails after the batch was applied, as a lost answer does. */
export type RecordFault = 'failed' | 'full' | 'unsure';

/** Databases in memory that outlive the processes using them. Everything resolves with microtasks only. */
export interface MemoryStores {
  /** The engine as one run of a process has it; after `kill` or `powerCut` its stores answer `STORE_CLOSED` for ever. */
  engine(): RecordEngine;
  kill(): void;
  /** As `kill`, and of the batches after the last durable one only some first ones are kept. */
  powerCut(): void;
  plan(faults: ((call: RecordCall) => RecordFault | undefined) | undefined): void;
  /** The next opening of this folder answers `STORE_CORRUPT` until it is destroyed. */
  corrupt(folder: string): void;
  readonly calls: number;
}

interface Database {
  rows: SortedRows;
  /** Undoing of each batch since the last durable one, oldest first. */
  undo: (readonly RecordOperation[])[];
  open: boolean;
  corrupt: boolean;
}

const CODES = { failed: 'DISK_FAILED', full: 'DISK_FULL', unsure: 'DISK_FAILED' } as const;

/** Makes an empty set of databases; `fraction` decides what a power cut keeps. */
export function createMemoryStores(options: { readonly fraction: () => number }): MemoryStores {
  const databases = new Map<string, Database>();
  let faults: ((call: RecordCall) => RecordFault | undefined) | undefined;
  let calls = 0;
  let run = { alive: true };

  const begin = (call: RecordCall['call'], folder: string): RecordFault | undefined => {
    const fault = faults?.({ index: calls, call, folder });
    calls += 1;
    if (fault === undefined || (fault === 'unsure' && call === 'batch')) return fault;
    throw new BitDustError(CODES[fault], undefined, { details: { folder } });
  };
  const endRun = () => {
    run.alive = false;
    run = { alive: true };
    for (const database of databases.values()) database.open = false;
  };

  return {
    engine: () => memoryEngine({ databases, begin, run }),
    kill: endRun,
    powerCut() {
      endRun();
      for (const database of databases.values()) {
        const kept = Math.floor(options.fraction() * (database.undo.length + 1));
        for (const undo of database.undo.slice(kept).toReversed()) apply(database.rows, undo);
        database.undo = [];
      }
    },
    plan: (next) => {
      faults = next;
    },
    corrupt: (folder) => {
      const database = databases.get(folder);
      if (database) database.corrupt = true;
    },
    get calls() {
      return calls;
    },
  };
}

interface Shared {
  readonly databases: Map<string, Database>;
  readonly begin: (call: RecordCall['call'], folder: string) => RecordFault | undefined;
  readonly run: { readonly alive: boolean };
}

function memoryEngine(shared: Shared): RecordEngine {
  const { databases, begin, run } = shared;
  const checkRun = () => {
    if (!run.alive) throw new BitDustError('STORE_CLOSED', 'This process is over.');
  };
  return {
    open: async (folder) => {
      checkRun();
      begin('open', folder);
      const database = databases.get(folder) ?? { rows: new SortedRows(), undo: [], open: false, corrupt: false };
      if (database.open) throw new BitDustError('STORE_LOCKED', undefined, { details: { folder } });
      if (database.corrupt) throw new BitDustError('STORE_CORRUPT', undefined, { details: { folder } });
      databases.set(folder, database);
      database.open = true;
      return openStore(shared, folder, database);
    },
    destroy: async (folder) => {
      checkRun();
      if (databases.get(folder)?.open) throw new BitDustError('STORE_LOCKED', undefined, { details: { folder } });
      databases.delete(folder);
    },
  };
}

function openStore({ begin, run }: Shared, folder: string, database: Database): RecordStore {
  let closed = false;
  const check = () => {
    if (closed || !run.alive) throw new BitDustError('STORE_CLOSED', undefined, { details: { folder } });
  };
  const records = recordsOver({
    getMany: async (keys) => {
      check();
      begin('get', folder);
      return keys.map((key) => database.rows.get(key)?.slice());
    },
    batch: async (operations, { durable }) => {
      check();
      const fault = begin('batch', folder);
      const undo = apply(database.rows, operations);
      if (durable && fault === undefined) database.undo = [];
      else database.undo.push(undo);
      if (fault) throw new BitDustError(CODES[fault], undefined, { details: { folder } });
    },
    range: (bounds) => {
      const rows = database.rows.between(bounds);
      return (async function* () {
        check();
        begin('range', folder);
        for (const [key, value] of rows) yield [key, value.slice()] as const;
      })();
    },
  });
  return {
    engine: 'memory',
    records,
    close: async () => {
      if (closed || !run.alive) return;
      closed = true;
      database.open = false;
    },
  };
}

/** Applies a batch and gives what undoes it. */
function apply(rows: SortedRows, operations: readonly RecordOperation[]): readonly RecordOperation[] {
  const undo: RecordOperation[] = [];
  for (const operation of operations) {
    const key = 'put' in operation ? operation.put : operation.remove;
    const before = rows.get(key);
    undo.unshift(before ? { put: key, value: before } : { remove: key });
    if ('put' in operation) rows.set(key, operation.value.slice());
    else rows.delete(key);
  }
  return undo;
}
