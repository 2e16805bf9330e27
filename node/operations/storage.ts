import type { Backups, EntryView } from '../../ports/backups.ts';
import { lossProbabilityYear } from '../../services/backup/loss-probability.ts';
import type { NodeOperations } from '../api/index.ts';
import type { CustomerPart, SupplierPart } from '../assembly/chapters.ts';
import type { Core } from '../assembly/core.ts';
import { iso, isoOrNull } from './status.ts';

type Own = 'backup' | 'sets' | 'ls' | 'versions' | 'rm' | 'undelete' | 'why' | 'cat' | 'restore' | 'storage';

export interface StorageOperationsNeeds {
  readonly core: Core;
  readonly customer: () => CustomerPart;
  readonly supplier: () => SupplierPart | null;
}

const octal = (mode: number): string => `0${(mode & 0o7777).toString(8).padStart(3, '0')}`;

function entryRow(entry: EntryView) {
  const { mode, mtimeMs, nameBytes, ...rest } = entry;
  return {
    ...rest,
    mode: octal(mode),
    mtime: iso(mtimeMs),
    nameBytes: nameBytes === null ? null : Buffer.from(nameBytes).toString('base64'),
  };
}

/** Backups, the catalogue, restores and the figures of what is stored. */
export function storageOperations(needs: StorageOperationsNeeds): Pick<NodeOperations, Own> {
  const { customer } = needs;
  const backups = (): Backups => customer().backups;
  return {
    backup: ({ paths, cwd, set }) => backups().backup({ paths: paths.map((path) => absolute(path, cwd)), set }),
    sets: {
      list: async () => {
        const sets = await backups().sets();
        return {
          sets: sets.map(({ paths, keep, newestAt, ...rest }) => ({
            ...rest,
            paths: [...paths],
            keep: { ...keep },
            newestAt: isoOrNull(newestAt),
          })),
        };
      },
    },
    ls: async (input) => {
      const found = await backups().ls(input);
      const entries = found.entries.map(entryRow);
      return { path: found.path, at: isoOrNull(found.at), total: entries.length, entries };
    },
    versions: async (where) => {
      const found = await backups().versions(where);
      const versions = found.versions.map(({ at, mtimeMs, mode, ...rest }) => ({
        ...rest,
        at: iso(at),
        mtime: iso(mtimeMs),
        mode: octal(mode),
      }));
      return { path: found.path, versions };
    },
    rm: async (where) => {
      const removed = await backups().rm(where);
      return { ...removed, undeleteUntil: iso(removed.undeleteUntil) };
    },
    undelete: async (where) => ({ ...(await backups().undelete(where)), undeleteUntil: null }),
    why: async (where) => {
      const why = await backups().why(where);
      const blocks = why.blocks.map((block) => ({
        ...block,
        nextAt: isoOrNull(block.nextAt),
        seats: block.seats.map((seat) => ({ ...seat, since: iso(seat.since) })),
      }));
      return { ...why, blocks, nextAt: isoOrNull(why.nextAt) };
    },
    cat: (input, { signal }) => customer().restores.cat({ ...input, signal }),
    restore: async ({ paths, cwd, at, to, force }) => {
      const wanted = to === undefined ? {} : { to: absolute(to, cwd) };
      const begun = await customer().restores.restore({ paths, cwd, at, force, ...wanted });
      return { ...begun, paths: [...begun.paths], state: 'planning' as const };
    },
    storage: {
      status: async () => storageStatus(needs),
      verify: async ({ data }) => {
        const share = data === undefined ? 0 : Number(data.slice(0, -1)) / 100;
        return { ...(await customer().restores.verify({ share })), state: 'checking' as const };
      },
      rebuildCatalogue: async () => ({ ...(await backups().rebuildCatalogue()), state: 'reading' as const }),
    },
  };
}

/** A path as typed, resolved against the folder it was typed in. */
function absolute(path: string, cwd: string | undefined): string {
  const joined = path.startsWith('/') || cwd === undefined ? path : `${cwd}/${path}`;
  const parts: string[] = [];
  for (const part of joined.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

async function storageStatus({ customer, supplier }: StorageOperationsNeeds) {
  const { health, backups, suppliers, rebuilders, monitor, catalogue } = customer();
  const summary = health.summary();
  const sets = catalogue.state() === 'unknown' ? [] : await backups.sets();
  const repair = rebuilders.counters();
  const totals = supplier()?.customers.totals();
  const missing = summary.histogram.filter((row) => row.held < row.n).reduce((sum, row) => sum + row.blocks, 0);
  return {
    safety: summary.safety,
    sets: await Promise.all(
      sets.map(async (set) => ({
        name: set.name,
        bytes: set.bytes,
        blocks: await blocksOfSet(customer(), set.name),
        safety: set.safety,
      })),
    ),
    bytes: {
      source: sets.reduce((sum, set) => sum + set.bytes, 0),
      stored: Math.round(summary.storedBytes),
      staged: backups.stagedBytes(),
    },
    blocks: { ...summary.blocks },
    histogram: summary.histogram.map((row) => ({ ...row })),
    weakest: summary.weakest && { ...summary.weakest },
    repair: { running: repair.running, queued: missing, repaired: repair.repaired, sentBytes: repair.sentBytes },
    lossProbabilityYear: summary.known ? lossProbabilityYear(summary.histogram, suppliers.uptime()) : null,
    uptimeMeasured: suppliers.uptime(),
    space: { donatedBytes: totals?.donatedBytes ?? 0, usedBytes: totals?.usedBytes ?? 0, daysUntilFull: null },
    audits: suppliers.seats().map((seat) => ({ seat: seat.seat, at: null, verdict: null })),
    checkedAt: isoOrNull(monitor.checkedAt()),
  };
}

async function blocksOfSet({ catalogue }: CustomerPart, set: string): Promise<number> {
  const [newest] = await catalogue.versions({ set });
  return newest ? (await catalogue.blocksOf(newest.version)).length : 0;
}
