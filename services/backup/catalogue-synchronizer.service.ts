import type { Bus } from '../../bus/bus.ts';
import { catalogueSynchronizerWith } from '../../machines/backup/catalogue-synchronizer.machine.ts';
import type { BlockSource } from '../../ports/catalogue.ts';
import type { Self } from '../../ports/identity.ts';
import type { OrderLog } from '../../ports/order-logs.ts';
import type { Pipeline } from '../../ports/pipeline.ts';
import type { ActorRuntime, Random } from '../../ports/world.ts';
import type { LocatedChunk } from '../../protocol/chunk-copy.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hash.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { decodeIndex } from '../../protocol/index-object.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import type { CatalogueStore } from './catalogue/catalogue.ts';

export interface CatalogueSynchronizerNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly random: Random;
  readonly self: Pick<Self, 'secrets' | 'person'>;
  readonly log: OrderLog;
  readonly catalogue: CatalogueStore;
  readonly pipeline: Pick<Pipeline, 'readFooter'>;
  readonly source: () => Pick<BlockSource, 'readBlock' | 'readChunk'>;
  /** False on a recovered device until the log was fetched: an empty log then means nothing. */
  readonly isLogKnown: () => boolean;
  readonly onFailure: (key: string, error: unknown) => void;
}

/** What a reading of all footers found. */
export interface FooterReport {
  readonly read: number;
  readonly withoutFooter: number;
  readonly unreadable: readonly BlockId[];
}

/** Keeps the local catalogue like what the log says. */
export interface CatalogueSynchronizer extends Service {
  refresh(): void;
  /** Reads the index again from the footers of all blocks; resolves when all were tried. */
  rebuild(options: { readonly signal: AbortSignal; readonly onBlock: (read: number) => void }): Promise<FooterReport>;
}

const DOCUMENT = 'catalogue';
const OBJECTS_AT_ONCE = 16;
const WANTED: ReadonlySet<string> = new Set(['open', 'committed', 'buried']);

/** Wires `catalogue-synchronizer` to log, blocks and catalogue. */
export function createCatalogueSynchronizer(needs: CatalogueSynchronizerNeeds): CatalogueSynchronizer {
  const { bus, catalogue, log } = needs;
  /** Objects tried in this pass, so that what is not readable is tried once. */
  let tried = new Set<string>();
  let added = 0;
  let known = -1;

  /** Index objects that the newest versions name, and those that these name, as far as they are not here. */
  async function missingObjects(): Promise<readonly LocatedChunk[]> {
    const { versions } = await catalogue.opened.read();
    const heads = new Map(versions.map((row) => [`${row.device}/${row.entry.set}`, row.entry.index]));
    const wanted: LocatedChunk[] = [];
    for (const head of heads.values()) {
      if (head !== null && !(await catalogue.objects.has(head.chunk))) wanted.push(head);
    }
    return wanted;
  }

  let queue: LocatedChunk[] = [];

  async function fetchOne(object: LocatedChunk, signal: AbortSignal): Promise<boolean> {
    try {
      const bytes = await catalogue.cache.read(object.chunk, { copies: [object.copy], signal });
      const { copies, earlier } = decodeIndex(bytes, object.copy.block);
      added += (await catalogue.index.add(copies, { durable: true })).added;
      for (const older of earlier) if (!(await catalogue.objects.has(older.chunk))) queue.push(older);
      await catalogue.objects.add({ object, rows: copies.length }, { merged: [], own: false });
      return true;
    } catch (error) {
      if (!isBitDustError(error)) throw error;
      return false;
    }
  }

  async function fetchObjects(cursor: string | null, signal: AbortSignal) {
    if (cursor === null) {
      tried = new Set();
      queue = [...(await missingObjects())];
    }
    let missing = 0;
    for (let count = 0; count < OBJECTS_AT_ONCE && queue.length > 0; count += 1) {
      const object = queue.shift()!;
      const key = toHex(object.chunk);
      if (tried.has(key) || (await catalogue.objects.has(object.chunk))) continue;
      tried.add(key);
      if (!(await fetchOne(object, signal))) missing += 1;
    }
    return { cursor: String(tried.size), missing, left: queue.length };
  }

  async function readFooterOf(block: BlockId, signal: AbortSignal): Promise<'read' | 'without' | 'unreadable'> {
    const secrets = new Map(needs.self.secrets().map((row) => [row.epoch, row.catalogue]));
    let release: () => void = () => undefined;
    try {
      const whole = await needs.source().readBlock({ block, signal });
      release = whole.release;
      const copies = await needs.pipeline.readFooter({ block, bytes: whole.bytes, secrets, signal });
      const located = copies.map(({ chunk, kind: _, ...copy }) => ({ chunk, copy }));
      added += (await catalogue.index.add(located, { durable: true })).added;
      return 'read';
    } catch (error) {
      if (!isBitDustError(error)) throw error;
      return error.code === 'FOOTER_UNREADABLE' ? 'without' : 'unreadable';
    } finally {
      release();
    }
  }

  const pool = new ActorPool({
    machine: catalogueSynchronizerWith({
      async openEntries() {
        if (!needs.isLogKnown()) throw new BitDustError('CATALOGUE_UNAVAILABLE');
        const { versions } = await catalogue.opened.read();
        return { cursor: null, opened: versions.length, left: 0 };
      },
      fetchObjects: ({ cursor }, signal) => fetchObjects(cursor, signal),
      async readFooters({ cursor }, signal) {
        for await (const row of log.eachBlock(cursor ?? undefined)) {
          if (WANTED.has(row.standing)) await readFooterOf(row.block, signal);
          return { cursor: row.block, left: 1 };
        }
        return { cursor: null, left: 0 };
      },
      async merge() {
        const { versions } = await catalogue.opened.read();
        const changed = added > 0 || versions.length !== known;
        known = versions.length;
        added = 0;
        return { changed, conflicts: [] };
      },
    }),
    runtime: needs.runtime,
    actorsMax: 1,
    onEmit: (fact) => {
      if (fact.type === 'document.in-sync') catalogue.setState('in-sync');
      if (fact.type === 'document.unavailable' && needs.isLogKnown()) catalogue.setState('partial');
      bus.publish(fact);
    },
    onFailure: needs.onFailure,
  });
  let unsubscribe: () => void = () => undefined;

  return {
    start() {
      unsubscribe = bus.subscribe(['log.changed', 'log.in-sync', 'log.unavailable', 'supplier.connected'], (fact) => {
        if ('owner' in fact && fact.owner !== needs.self.person) return;
        pool.sendAll(fact);
      });
      pool.open(DOCUMENT, { document: DOCUMENT, seed: Math.floor(needs.random.fraction() * 2 ** 31) });
      if (needs.isLogKnown()) pool.send(DOCUMENT, { type: 'refresh' });
    },
    stop() {
      unsubscribe();
      pool.closeAll();
    },
    refresh: () => void pool.send(DOCUMENT, { type: 'refresh' }),
    async rebuild({ signal, onBlock }) {
      const count = { read: 0, without: 0, unreadable: 0 };
      const unreadable: BlockId[] = [];
      for await (const row of log.eachBlock()) {
        if (!WANTED.has(row.standing)) continue;
        const found = await readFooterOf(row.block, signal);
        count[found] += 1;
        if (found === 'unreadable') unreadable.push(row.block);
        onBlock(count.read + count.without + count.unreadable);
      }
      pool.send(DOCUMENT, { type: 'refresh' });
      return { read: count.read, withoutFooter: count.without, unreadable };
    },
  };
}
