import type { BlockSource, Catalogue, ChunkCopy, VersionInfo } from '../../../ports/catalogue.ts';
import type { Health } from '../../../ports/health.ts';
import type { Self } from '../../../ports/identity.ts';
import type { LogSync } from '../../../ports/log-sync.ts';
import type { BlockStanding, OwnLog } from '../../../ports/order-logs.ts';
import type { Records } from '../../../ports/records.ts';
import type { Random } from '../../../ports/world.ts';
import { BitDustError } from '../../../protocol/errors.ts';
import type { BlockId, VersionId } from '../../../protocol/ids.ts';
import { type SetSettings, sealSettingsChange } from '../../../protocol/settings-change.ts';
import { sealVersionNote, type VersionNote } from '../../../protocol/version-entry.ts';
import { type ChunkIndex, createChunkIndex } from './chunk-index.ts';
import { createIndexObjects, type IndexObjects } from './index-objects.ts';
import { createObjectCache, type ObjectCache } from './object-cache.ts';
import { namesOf, pathOf } from './paths.ts';
import { type NamedSet, readSets, SETTINGS_DOCUMENT, setView } from './set-list.ts';
import { differences, entryAt, listAt, walkAt } from './tree-reader.ts';
import { blocksOfEntries, createVersionBlocks } from './version-blocks.ts';
import { createVersionList, type OpenedVersion, type VersionList } from './version-list.ts';

export interface CatalogueNeeds {
  readonly records: Records;
  readonly log: OwnLog;
  /** Appending goes through it, so that entries reach the seats. */
  readonly sync: Pick<LogSync, 'append'>;
  readonly self: Pick<Self, 'secrets' | 'device'>;
  /** Reads stored bytes; asked for late, because it needs the catalogue itself. */
  readonly source: () => Pick<BlockSource, 'readChunk'>;
  readonly health: Pick<Health, 'safetyOf'>;
  readonly random: Pick<Random, 'bytes'>;
}

/** The catalogue as the services of this chapter use it: reading, and what they write. */
export interface CatalogueStore extends Catalogue {
  /** Loads the filter of the index. */
  load(): Promise<void>;
  setState(state: 'unknown' | 'partial' | 'in-sync'): void;
  readonly index: ChunkIndex;
  readonly objects: IndexObjects;
  readonly cache: ObjectCache;
  readonly opened: VersionList;
  namedSets(): Promise<readonly NamedSet[]>;
  putSet(name: string, settings: SetSettings | null): Promise<void>;
  /** Appends sealed notes to the log; the answer names the entries. */
  writeNotes(notes: readonly VersionNote[]): Promise<readonly { readonly version: VersionId; readonly seq: number }[]>;
  rememberBlocks(version: VersionId, blocks: readonly BlockId[]): Promise<void>;
}

/** Blocks whose copies may be used for a new version. */
const COUNTING: ReadonlySet<BlockStanding> = new Set(['open', 'committed']);
/** Blocks that can be read, the surest first. */
const READABLE: readonly BlockStanding[] = ['committed', 'open', 'buried'];
const SALT_BYTES = 16;
const HEX_DIGITS = /^[0-9a-f]{4,64}$/;

function startOf(at: string): number | undefined {
  const time = Date.parse(at);
  return Number.isNaN(time) ? undefined : time;
}

/** Opens the catalogue of this owner over its log and a part of the record store. */
export function createCatalogue(needs: CatalogueNeeds): CatalogueStore {
  const { records, log, self } = needs;
  const index = createChunkIndex(records.part('chunks'));
  const objects = createIndexObjects(records.part('objects'));
  const blockMemory = createVersionBlocks(records.part('version-blocks'));
  const opened = createVersionList({ log, self });
  const signal = new AbortController().signal;
  let state: 'unknown' | 'partial' | 'in-sync' = 'unknown';

  function ensureKnown(): void {
    if (state === 'unknown') throw new BitDustError('CATALOGUE_UNAVAILABLE');
  }

  async function standings(copies: readonly (readonly ChunkCopy[])[]): Promise<ReadonlyMap<BlockId, BlockStanding>> {
    const ids = [...new Set(copies.flatMap((row) => row.map((copy) => copy.block)))];
    const rows = await log.blocks(ids);
    return new Map(ids.map((id, at) => [id, rows[at]?.standing ?? 'unknown']));
  }

  async function copiesOf(chunks: readonly Uint8Array[]): Promise<readonly (readonly ChunkCopy[])[]> {
    const found = await index.copiesOf(chunks);
    const standing = await standings(found);
    const rank = (copy: ChunkCopy) => READABLE.indexOf(standing.get(copy.block)!);
    return found.map((row) => row.filter((copy) => rank(copy) >= 0).toSorted((a, b) => rank(a) - rank(b)));
  }

  const copies = async (chunk: Uint8Array) => (await copiesOf([chunk]))[0]!;
  const cache = createObjectCache({ records: records.part('trees'), copiesOf: copies, source: needs.source });

  async function find(version: VersionId): Promise<OpenedVersion> {
    ensureKnown();
    const found = await opened.get(version);
    if (found === undefined) throw new BitDustError('VERSION_NOT_FOUND');
    return found;
  }

  function readerOf({ entry }: OpenedVersion) {
    return async (chunk: Uint8Array) => {
      const isTop = Buffer.compare(chunk, entry.tree.chunk) === 0;
      const known = await copies(chunk);
      const places = known.length === 0 && isTop ? [entry.tree.copy] : known;
      return cache.read(chunk, { copies: places, signal });
    };
  }

  async function blocksOf(version: OpenedVersion): Promise<readonly BlockId[]> {
    const known = await blockMemory.get(version.version);
    if (known !== undefined) return known;
    const { tree, index: newest } = version.entry;
    const inTree = await blocksOfEntries(walkAt(readerOf(version), tree.chunk, pathOf([])), copiesOf);
    const [top] = await copies(tree.chunk);
    const others = [top?.block ?? tree.copy.block, ...(newest === null ? [] : [newest.copy.block])];
    const blocks = [...new Set([...inTree, ...others, ...(await objects.blocks())])].toSorted();
    await blockMemory.put(version.version, blocks);
    return blocks;
  }

  async function stateOf(version: OpenedVersion): Promise<VersionInfo['state']> {
    const blocks = await blocksOf(version);
    if ((await needs.health.safetyOf(blocks)) === 'safe') return 'safe';
    const rows = await log.blocks(blocks);
    const isStored = rows.every((row) => row !== undefined && row.standing === 'committed' && row.n > row.k);
    return isStored ? 'stored' : 'thin';
  }

  async function info(version: OpenedVersion): Promise<VersionInfo> {
    const { set, at, files, bytes } = version.entry;
    const state = await stateOf(version);
    return {
      version: version.version,
      set,
      at,
      device: version.device,
      state,
      files,
      bytes,
      retiredAt: version.retiredAt,
    };
  }

  /** Newest first; of equal times the later in the log. */
  async function kept(options: { readonly set?: string | undefined; readonly retired?: boolean | undefined }) {
    ensureKnown();
    const { versions } = await opened.read();
    const wanted = versions.filter(
      (row) =>
        (options.set === undefined || row.entry.set === options.set) &&
        (options.retired === true || row.retiredAt === null),
    );
    return wanted.toReversed().toSorted((a, b) => b.entry.at - a.entry.at);
  }

  async function versionAt(at: string, set: string | undefined): Promise<OpenedVersion> {
    const all = await kept({ set, retired: true });
    const named = HEX_DIGITS.test(at) ? all.filter((row) => row.version.startsWith(at)) : [];
    if (named.length === 1) return named[0]!;
    const time = startOf(at);
    const found = time === undefined ? undefined : all.find((row) => row.retiredAt === null && row.entry.at <= time);
    if (found === undefined) throw new BitDustError('VERSION_NOT_FOUND');
    return found;
  }

  async function safetyOfSet(set: string) {
    const versions = await kept({ set });
    const blocks = new Set<BlockId>();
    for (const version of versions) for (const block of await blocksOf(version)) blocks.add(block);
    return blocks.size === 0 ? 'empty' : needs.health.safetyOf([...blocks]);
  }

  return {
    index,
    objects,
    cache,
    opened,
    load: () => index.load(),
    state: () => state,
    setState: (next) => {
      state = next;
    },
    namedSets: () => readSets({ log, self }),
    async sets() {
      ensureKnown();
      return (await readSets({ log, self })).map(setView);
    },
    versions: async (options = {}) => Promise.all((await kept(options)).map(info)),
    async version(version) {
      ensureKnown();
      const found = await opened.get(version);
      return found === undefined ? undefined : info(found);
    },
    versionAt: async (at, options = {}) => info(await versionAt(at, options.set)),
    async known(chunks) {
      const found = await index.copiesOf(chunks);
      const standing = await standings(found);
      return found.map((row) => row.some((copy) => COUNTING.has(standing.get(copy.block)!)));
    },
    copies,
    copiesOf,
    async list(version, path) {
      const found = await find(version);
      const entries = await listAt(readerOf(found), found.entry.tree.chunk, path);
      if (entries === undefined) throw new BitDustError('ENTRY_NOT_FOUND');
      return entries;
    },
    async entry(version, path) {
      const found = await find(version);
      return entryAt(readerOf(found), found.entry.tree.chunk, path);
    },
    async *walk(version, path) {
      const found = await find(version);
      yield* walkAt(readerOf(found), found.entry.tree.chunk, path);
    },
    async versionsOf(path, options = {}) {
      const rows = [];
      for (const found of await kept(options)) {
        const entry = await entryAt(readerOf(found), found.entry.tree.chunk, path);
        if (entry !== undefined) rows.push({ version: await info(found), entry });
      }
      return rows;
    },
    async *diff({ from, to, path }) {
      const [a, b] = [await find(from), await find(to)];
      const before = (await entryAt(readerOf(a), a.entry.tree.chunk, path)) ?? null;
      const after = (await entryAt(readerOf(b), b.entry.tree.chunk, path)) ?? null;
      yield* differences((chunk) => cache.read(chunk, { signal }), { path: pathOf(namesOf(path)), before, after });
    },
    blocksOf: async (version) => blocksOf(await find(version)),
    async blocksBelow(version, path) {
      const found = await find(version);
      return blocksOfEntries(walkAt(readerOf(found), found.entry.tree.chunk, path), copiesOf);
    },
    safetyOfSet,
    async putSet(name, settings) {
      const { epoch, documents } = self.secrets()[0]!;
      const key = { epoch, secret: documents, salt: needs.random.bytes(SALT_BYTES) };
      const sealed = sealSettingsChange({ set: name, settings }, key);
      await needs.sync.append([{ kind: 'document', body: { name: SETTINGS_DOCUMENT, sealed } }]);
    },
    async writeNotes(notes) {
      const { epoch, catalogue } = self.secrets()[0]!;
      const drafts = notes.map((note) => {
        const key = { epoch, secret: catalogue, salt: needs.random.bytes(SALT_BYTES) };
        return { kind: 'version' as const, body: { sealed: sealVersionNote(note, key) } };
      });
      const places = await needs.sync.append(drafts);
      return places.map(({ seq, hash }) => ({ version: hash, seq }));
    },
    rememberBlocks: (version, blocks) => blockMemory.put(version, blocks),
  };
}
