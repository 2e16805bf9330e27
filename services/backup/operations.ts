import type { Backups, EntryView, PathVersion, SetView, Why, WhyBlock } from '../../ports/backups.ts';
import type { TreeEntry, VersionInfo } from '../../ports/catalogue.ts';
import type { Disk } from '../../ports/disk.ts';
import type { BlockHealth, Health } from '../../ports/health.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { TaskTable } from '../../ports/tasks.ts';
import type { Clock } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes, textBytes, toHex } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { BackupTasks } from './backup-task.service.ts';
import type { CatalogueStore } from './catalogue/catalogue.ts';
import { joinPath, namesOf, pathOf, startsWith, strangeBytes, textOf } from './catalogue/paths.ts';
import { outermost } from './catalogue/tree-writer.ts';
import type { CatalogueSynchronizer } from './catalogue-synchronizer.service.ts';
import { absolutePath, type FoundPath, findPath } from './find-paths.ts';
import type { Lanes } from './lane-types.ts';

export interface BackupOperationsNeeds {
  readonly catalogue: CatalogueStore;
  readonly synchronizer: CatalogueSynchronizer;
  readonly backupTasks: BackupTasks;
  readonly lanes: Lanes;
  readonly health: Health;
  readonly suppliers: Suppliers;
  readonly tasks: TaskTable;
  readonly disk: Pick<Disk, 'stat'>;
  readonly clock: Clock;
  readonly isRemovalPaused: () => boolean;
}

const UNDELETE_MS = 30 * 86_400_000;
const WHY_BLOCKS_MAX = 64;

function samePaths(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  const sorted = (paths: readonly Uint8Array[]) => paths.map(toHex).toSorted().join();
  return sorted(a) === sorted(b);
}

/** At most so many bytes of a name, cut between letters. */
function cutName(name: string, bytesMax: number): string {
  let cut = name;
  while (textBytes(cut).length > bytesMax) cut = [...cut].slice(0, -1).join('');
  return cut;
}

function mtimeMs({ mtimeNs }: TreeEntry): number {
  return Number(mtimeNs / 1_000_000n);
}

/** The operations on backups and the catalogue. */
export function createBackupOperations(needs: BackupOperationsNeeds): Backups {
  const { catalogue, health } = needs;

  async function pathsOf(typed: readonly string[]): Promise<readonly Uint8Array[]> {
    for (const path of typed) {
      if ((await needs.disk.stat(path)) === undefined) {
        throw new BitDustError('PATH_NOT_FOUND', undefined, { details: { path } });
      }
    }
    return outermost(typed.map((path) => namesOf(absolutePath(path, undefined)))).map(pathOf);
  }

  /** The set of these paths: by its name, by its paths, or a new one called after the first of them. */
  async function setFor(paths: readonly Uint8Array[], name: string | undefined): Promise<string> {
    const sets = await catalogue.namedSets();
    const same = sets.find((set) => samePaths(set.paths, paths) && (name === undefined || set.name === name));
    if (same !== undefined) return same.name;
    const taken = (candidate: string) => sets.some((set) => set.name === candidate);
    if (name !== undefined && taken(name)) throw new BitDustError('SET_PATHS_DIFFER');
    const last = namesOf(paths[0]!).at(-1);
    const base = name ?? (last === undefined ? 'files' : cutName(textOf(last), LIMITS.setNameBytesMax.value - 4));
    let chosen = base;
    for (let number = 2; taken(chosen); number += 1) chosen = `${base}-${number}`;
    await catalogue.putSet(chosen, { paths, k: null, n: null, every: null, keep: {} });
    return chosen;
  }

  async function safetyOf(version: VersionInfo, path: Uint8Array, entry: TreeEntry) {
    const isFolder = entry.kind === 'folder';
    // A folder is shown as safe as its whole version, since looking below it means reading all that is there.
    const blocks = isFolder
      ? await catalogue.blocksOf(version.version)
      : await catalogue.blocksBelow(version.version, path);
    return blocks.length === 0 ? 'safe' : health.safetyOf(blocks);
  }

  async function entryView(found: FoundPath, versions: number): Promise<EntryView> {
    const { path, entry, version } = found;
    const name = namesOf(path).at(-1) ?? textBytes('/');
    return {
      path: textOf(path),
      name: textOf(name),
      nameBytes: strangeBytes(name),
      kind: entry.kind,
      mode: entry.mode,
      sizeBytes: entry.size,
      mtimeMs: mtimeMs(entry),
      target: entry.target === null ? null : textOf(entry.target),
      set: version.set,
      version: version.version,
      versions,
      safety: await safetyOf(version, path, entry),
      deleted: found.isDeleted,
    };
  }

  /** In how many kept versions of the set each name of the folder stands. */
  async function countNames(set: string, folder: Uint8Array): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const { version } of await catalogue.versions({ set })) {
      const entries = await catalogue.list(version, folder).catch(() => []);
      for (const { name } of entries) counts.set(toHex(name), (counts.get(toHex(name)) ?? 0) + 1);
    }
    return counts;
  }

  async function children(found: FoundPath): Promise<EntryView[]> {
    if (found.entry.kind !== 'folder') return [await entryView(found, (await catalogue.versionsOf(found.path)).length)];
    const counts = await countNames(found.version.set, found.path);
    const rows: EntryView[] = [];
    for (const entry of await catalogue.list(found.version.version, found.path)) {
      const below = { ...found, path: joinPath(found.path, entry.name), entry };
      rows.push(await entryView(below, counts.get(toHex(entry.name)) ?? 1));
    }
    return rows;
  }

  async function wholeTree(found: FoundPath): Promise<EntryView[]> {
    const rows: EntryView[] = [];
    for await (const { path, entry } of catalogue.walk(found.version.version, found.path)) {
      if (equalBytes(path, found.path) && entry.kind === 'folder') continue;
      rows.push(await entryView({ ...found, path, entry }, 1));
    }
    return rows;
  }

  async function topEntries(at: string | undefined, all: boolean): Promise<EntryView[]> {
    const rows: EntryView[] = [];
    for (const set of await catalogue.namedSets()) {
      for (const path of set.paths) {
        const found = await findPath(catalogue, { path: textOf(path), at }).catch((error: unknown) => {
          if (error instanceof BitDustError && error.code === 'ENTRY_NOT_FOUND') return undefined;
          throw error;
        });
        if (found === undefined) continue;
        rows.push(await entryView(found, (await catalogue.versionsOf(found.path)).length));
        if (all) rows.push(...(await wholeTree(found)));
      }
    }
    return rows;
  }

  /** Kept or retired versions of sets that lie wholly at or below the path. */
  async function wholeSets(path: Uint8Array, retired: boolean): Promise<readonly VersionInfo[]> {
    const names = namesOf(path);
    const sets = (await catalogue.namedSets()).filter((set) =>
      set.paths.every((one) => startsWith(namesOf(one), names)),
    );
    if (sets.length === 0) {
      throw new BitDustError('BAD_INPUT', 'Only what a set stores as a whole can be removed, not a part of it.');
    }
    const inSets = new Set(sets.map(({ name }) => name));
    const versions = await catalogue.versions({ retired: true });
    return versions.filter((row) => inSets.has(row.set) && (row.retiredAt !== null) === retired);
  }

  function whyBlock(row: BlockHealth): WhyBlock {
    const seats = row.pieces.map(({ seat, state, since }) => ({
      seat,
      device: needs.suppliers.seat(seat)?.device ?? null,
      piece: state === 'owed' ? ('lost' as const) : state,
      since,
    }));
    const missing = row.n - row.held;
    const next = missing === 0 ? null : row.away > 0 ? 'waits for suppliers that are away' : 'missing pieces are sent';
    return {
      block: row.block,
      k: row.k,
      n: row.n,
      held: row.held,
      away: row.away,
      lost: row.lost,
      seats,
      next,
      nextAt: null,
    };
  }

  async function why(found: FoundPath): Promise<Why> {
    const { version, path } = found;
    const blocks = await catalogue.blocksBelow(version.version, path);
    const rows: BlockHealth[] = [];
    for (const block of blocks) {
      const row = await health.block(block);
      if (row !== undefined) rows.push(row);
    }
    const weakest = rows.toSorted((a, b) => a.held - a.k - (b.held - b.k));
    const safety = blocks.length === 0 ? 'safe' : await health.safetyOf(blocks);
    const worst = weakest[0];
    const sentence =
      worst === undefined
        ? 'Nothing of it needs a block of its own.'
        : `Its weakest block has ${worst.held} of ${worst.n} pieces; any ${worst.k} bring it back.`;
    const shown = weakest.slice(0, WHY_BLOCKS_MAX).map(whyBlock);
    const next = shown[0]?.next ?? null;
    return { path: textOf(path), version: version.version, safety, blocks: shown, next, nextAt: null, sentence };
  }

  return {
    async backup({ paths: typed, set: name }) {
      if (catalogue.state() === 'unknown') throw new BitDustError('CATALOGUE_UNAVAILABLE');
      const paths = await pathsOf(typed);
      const set = await setFor(paths, name);
      return { set, ...(await needs.backupTasks.begin(set, paths)) };
    },
    async sets() {
      const rows: SetView[] = [];
      for (const set of await catalogue.sets()) {
        const versions = await catalogue.versions({ set: set.name });
        const safety = await catalogue.safetyOfSet(set.name);
        const [newest] = versions;
        const figures = { newestAt: newest?.at ?? null, bytes: newest?.bytes ?? 0, safety };
        rows.push({ ...set, versions: versions.length, ...figures });
      }
      return rows;
    },
    async ls({ path, cwd, at, all = false }) {
      if (path === undefined) return { path: null, at: null, entries: await topEntries(at, all) };
      const found = await findPath(catalogue, { path, cwd, at });
      const entries = all ? await wholeTree(found) : await children(found);
      return { path: textOf(found.path), at: at === undefined ? null : found.version.at, entries };
    },
    async versions(where) {
      const { path } = await findPath(catalogue, where);
      const versions: PathVersion[] = [];
      for (const { version, entry } of await catalogue.versionsOf(path)) {
        const { at, device, state } = version;
        const { size, mode, kind } = entry;
        const safety = await safetyOf(version, path, entry);
        const times = { at, device, state, mtimeMs: mtimeMs(entry) };
        versions.push({ version: version.version, ...times, sizeBytes: size, mode, kind, safety });
      }
      return { path: textOf(path), versions };
    },
    why: async (where) => why(await findPath(catalogue, where)),
    async rm(where) {
      if (needs.isRemovalPaused()) throw new BitDustError('REMOVAL_PAUSED');
      const { path } = await findPath(catalogue, where);
      const versions = await wholeSets(path, false);
      await catalogue.writeNotes(versions.map(({ version }) => ({ kind: 'retired', version })));
      return { path: textOf(path), versions: versions.length, undeleteUntil: needs.clock.now() + UNDELETE_MS };
    },
    async undelete(where) {
      const path = absolutePath(where.path, where.cwd);
      const versions = await wholeSets(path, true);
      const still = versions.filter(({ retiredAt }) => retiredAt! + UNDELETE_MS > needs.clock.now());
      await catalogue.writeNotes(still.map(({ version }) => ({ kind: 'brought-back', version })));
      return { path: textOf(path), versions: still.length };
    },
    async resolve(where) {
      const { path, version } = await findPath(catalogue, where);
      return { path, version };
    },
    async rebuildCatalogue() {
      const controller = new AbortController();
      const control = { cancel: () => controller.abort(new BitDustError('CANCELLED')) };
      const handle = await needs.tasks.open({
        kind: 'rebuild-catalogue',
        title: 'catalogue',
        phase: 'reading',
        control,
      });
      const onBlock = (read: number) => handle.update({ progress: { ...handle.view().progress, doneItems: read } });
      const work = async () => {
        const { read, withoutFooter, unreadable } = await needs.synchronizer.rebuild({
          signal: controller.signal,
          onBlock,
        });
        const { versions } = await catalogue.opened.read();
        const files = versions.reduce((sum, { entry }) => sum + entry.files, 0);
        const bytes = versions.reduce((sum, { entry }) => sum + entry.bytes, 0);
        const sets = new Set(versions.map(({ entry }) => entry.set)).size;
        const figures = { sets, versions: versions.length, files, bytes };
        const ok = unreadable.length === 0;
        handle.finish({ task: handle.task, blocks: { read, withoutFooter }, catalogue: figures, unreadable, ok });
      };
      void work().catch((error: unknown) => (controller.signal.aborted ? handle.cancelled() : handle.fail(error)));
      return { task: handle.task };
    },
    stagedBytes: () => needs.lanes.stagedBytes(),
  };
}
