import type { Accepted, BlockRow, DocumentChange, FamilyView, OrderLog, VersionRow } from '../../ports/order-logs.ts';
import type { Records } from '../../ports/records.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { checkFamily, parseFamily } from '../../protocol/family.ts';
import type { BlockId, DeviceId, LogId, PersonId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { checkLink, type Link } from '../../protocol/log-chain.ts';
import { type LogEntry, parseLogEntry } from '../../protocol/log-entry.ts';
import { type LogHead, type LogPlace, logKey } from '../../protocol/log-place.ts';
import { adoptCovered, advanceHead, applyChanges, changesOf, checkLogCount } from './apply-entry.ts';
import { dropEntries } from './drop-entries.ts';
import { inTurn } from './in-turn.ts';
import { keysOf, type OwnerKeys, under } from './keys.ts';
import { copyMemory, familyView, type LogMemory, loadMemory, putMemory } from './log-memory.ts';
import { Overlay } from './overlay.ts';
import { blockOfRow, rowsOf } from './row-views.ts';

/** What a store of logs is told of the world. */
export interface LogWorld {
  readonly records: Records;
  readonly network: Uint8Array;
  readonly clock: { now(): number };
  /** The newest known revision of an owner's identity; null when none is known. */
  revisionOf(owner: PersonId): number | null;
  /** Whether the list of a revision, or the newest list, has the device. */
  lists(owner: PersonId, device: DeviceId, revision?: number): boolean;
}

/** Entries that wait are written at this size, so that memory stays flat however long the stream. */
const PENDING_BYTES_MAX = 1024 * 1024;
const REFUSALS_MAX = 64;

/** Our disk or store failed: that says nothing about the entry. */
function isOwnFault({ code }: BitDustError): boolean {
  return code.startsWith('DISK_') || code.startsWith('STORE_');
}

/** A change in the making: rows in the overlay, heads and counts in the draft. */
export interface Change {
  readonly overlay: Overlay;
  before: LogMemory;
  draft: LogMemory;
}

/** The verified logs of one owner over a record store. */
export class StoredLog implements OrderLog {
  readonly owner: PersonId;
  protected readonly world: LogWorld;
  protected readonly keys: OwnerKeys;
  protected readonly inTurn = inTurn();
  protected memory: LogMemory;
  #stale = false;

  constructor(owner: PersonId, world: LogWorld, memory: LogMemory) {
    this.owner = owner;
    this.world = world;
    this.keys = keysOf(owner);
    this.memory = memory;
  }

  static async open(owner: PersonId, world: LogWorld): Promise<StoredLog> {
    return new StoredLog(owner, world, await loadMemory(world.records, keysOf(owner)));
  }

  heads(): readonly LogHead[] {
    return [...this.memory.heads.values()].map(({ device, log, seq, hash }) => ({ device, log, seq, hash }));
  }

  async *entries(range: {
    readonly device: DeviceId;
    readonly log: LogId;
    readonly from: number;
    readonly to: number;
  }): AsyncIterable<Uint8Array> {
    const from = this.keys.entry({ ...range, seq: Math.max(1, range.from) });
    const before = this.keys.entry({ ...range, seq: range.to + 1 });
    for await (const [, value] of this.world.records.range({ from, before })) yield value;
  }

  accept(entries: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Accepted> {
    return this.change(async (change) => {
      const refused: { code: string; seq: number }[] = [];
      const kinds = new Set<string>();
      let applied = 0;
      for await (const bytes of entries) {
        let seq = 0;
        try {
          const entry = parseLogEntry(bytes);
          seq = entry.seq;
          if (await this.take(change, entry)) {
            applied += 1;
            kinds.add(entry.kind);
          }
        } catch (error) {
          if (!(error instanceof BitDustError) || isOwnFault(error)) throw error;
          if (refused.length < REFUSALS_MAX) refused.push({ code: error.code, seq });
        }
        if (change.overlay.pendingBytes > PENDING_BYTES_MAX) await this.flush(change);
      }
      return { applied, refused, kinds: [...kinds] };
    });
  }

  async block(block: BlockId): Promise<BlockRow | undefined> {
    return (await this.blocks([block]))[0];
  }

  async blocks(ids: readonly BlockId[]): Promise<readonly (BlockRow | undefined)[]> {
    return (await this.world.records.getMany(ids.map(this.keys.block))).map(blockOfRow);
  }

  async *eachBlock(after?: BlockId): AsyncIterable<BlockRow> {
    const all = under(this.keys.blocks);
    const range = after === undefined ? all : { ...all, from: `${this.keys.block(after)}\u0000` };
    for await (const [, value] of this.world.records.range(range)) {
      const row = blockOfRow(value);
      if (row !== undefined) yield row;
    }
  }

  family(): FamilyView | undefined {
    return this.memory.family;
  }

  putFamily(bytes: Uint8Array): Promise<'newer' | 'known' | 'old'> {
    return this.change(async ({ overlay, draft }) => {
      const family = parseFamily(bytes);
      const { network, lists } = { network: this.world.network, lists: this.#lists };
      try {
        const found = checkFamily(family, { network, owner: this.owner, newest: draft.family ?? null, lists });
        if (found === 'known') return 'known';
      } catch (error) {
        if (error instanceof BitDustError && error.code === 'FAMILY_OLD') return 'old';
        throw error;
      }
      overlay.put(this.keys.family(family.version), family.bytes);
      draft.family = familyView(family.bytes);
      draft.meta = { ...draft.meta, stateBytes: draft.meta.stateBytes + family.bytes.length };
      return 'newer';
    });
  }

  async familyAt(version: number): Promise<FamilyView | undefined> {
    const bytes = await this.world.records.get(this.keys.family(version));
    return bytes === undefined ? undefined : familyView(bytes);
  }

  async versions(): Promise<readonly VersionRow[]> {
    const rows = await rowsOf('version', this.world.records.range(under(this.keys.state('version'))));
    return rows.map(({ version, at, device, sealed }) => ({ version, at, device, sealed }));
  }

  async document(name: string): Promise<readonly DocumentChange[]> {
    const range = under(`${this.keys.state('document')}${name}/`);
    const rows = await rowsOf('document', this.world.records.range(range));
    return rows.map(({ device, at, sealed, hash }) => ({ device, at, sealed, hash }));
  }

  async pins() {
    const now = this.world.clock.now();
    const rows = await rowsOf('pin', this.world.records.range(under(this.keys.state('pin'))));
    return rows.filter(({ until }) => until > now).map(({ device, task, until }) => ({ device, task, until }));
  }

  async geometries() {
    const rows = await rowsOf('geometry', this.world.records.range(under(this.keys.state('geometry'))));
    return rows.map(({ set, k, n }) => ({ set, k, n }));
  }

  forked(): boolean {
    return this.memory.meta.forked;
  }

  bytes(): number {
    return this.memory.meta.entryBytes + this.memory.meta.stateBytes;
  }

  entryBytes(): number {
    return this.memory.meta.entryBytes;
  }

  checkpoints() {
    return [...this.memory.heads.values()].flatMap(({ device, log, first, checkpoint }) => {
      if (checkpoint === null) return [];
      const { from, to, sawAt } = checkpoint;
      return [{ device, log, seq: to, from, sawAt, dropped: first >= from }];
    });
  }

  dropBefore(checkpoint: LogPlace): Promise<{ readonly entries: number; readonly bytes: number }> {
    return this.change((change) =>
      dropEntries({
        records: this.world.records,
        keys: this.keys,
        change,
        checkpoint,
        flush: () => this.flush(change),
      }),
    );
  }

  /** Runs one change at a time; on return it is durable, on a throw nothing of it is believed in memory. */
  protected change<T>(job: (change: Change) => Promise<T>): Promise<T> {
    return this.inTurn(async () => {
      if (this.#stale) {
        this.memory = await loadMemory(this.world.records, this.keys);
        this.#stale = false;
      }
      const overlay = new Overlay(this.world.records);
      const change = { overlay, before: this.memory, draft: copyMemory(this.memory) };
      const result = await job(change);
      await this.flush(change);
      return result;
    });
  }

  /** Makes what was changed so far durable, then believes it. After a failure the memory is read again, because the store may have it or not. */
  protected async flush(change: Change): Promise<void> {
    putMemory(change.overlay, this.keys, { before: change.before, after: change.draft });
    try {
      await change.overlay.flush();
    } catch (error) {
      this.#stale = true;
      throw error;
    }
    this.memory = change.draft;
    change.before = this.memory;
    change.draft = copyMemory(this.memory);
  }

  /** Judges and applies one entry; false when it was held already. */
  protected async take(change: Change, entry: LogEntry): Promise<boolean> {
    const link = await this.#link(change, entry);
    if (link === 'known') return false;
    const now = this.world.clock.now();
    const changes = changesOf(entry, now);
    const { overlay, draft } = change;
    await applyChanges({ overlay, keys: this.keys, memory: draft, changes });
    overlay.put(this.keys.entry(entry), entry.bytes);
    advanceHead({ memory: draft, entry, jumped: link === 'jump', now });
    adoptCovered(draft, entry);
    return true;
  }

  async #link(change: Change, entry: LogEntry): Promise<Link> {
    const { overlay, draft } = change;
    checkLogCount(draft, entry, LIMITS.logsPerOwnerMax.value);
    const head = draft.heads.get(logKey(entry)) ?? null;
    const held = head !== null && entry.seq <= head.seq ? await overlay.get(this.keys.entry(entry)) : undefined;
    try {
      return checkLink(entry, {
        network: this.world.network,
        owner: this.owner,
        head,
        hashAt: head?.seq === entry.seq ? head.hash : held === undefined ? null : parseLogEntry(held).hash,
        newestRevision: this.world.revisionOf(this.owner),
        lists: this.#lists,
      });
    } catch (error) {
      if (error instanceof BitDustError && error.code === 'LOG_FORKED') this.keepFork(change, entry);
      throw error;
    }
  }

  /** Both entries are kept: together they prove the fork. */
  protected keepFork({ overlay, draft }: Change, entry: LogEntry): void {
    overlay.put(this.keys.fork(entry, entry.hash), entry.bytes);
    draft.meta = { ...draft.meta, forked: true };
  }

  readonly #lists = (device: DeviceId, revision?: number) => this.world.lists(this.owner, device, revision);
}
