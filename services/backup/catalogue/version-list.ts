import type { Self } from '../../../ports/identity.ts';
import type { OrderLog, VersionRow } from '../../../ports/order-logs.ts';
import { isBitDustError } from '../../../protocol/errors.ts';
import type { DeviceId, VersionId } from '../../../protocol/ids.ts';
import { openVersionNote, type VersionEntry, type VersionNote } from '../../../protocol/version-entry.ts';

/** A version with its opened entry. */
export interface OpenedVersion {
  readonly version: VersionId;
  readonly device: DeviceId;
  readonly entry: VersionEntry;
  readonly retiredAt: number | null;
}

/** The versions that the log names, opened. */
export interface VersionList {
  /** In the order of the log. Entries that do not open are counted, not thrown. */
  read(): Promise<{ readonly versions: readonly OpenedVersion[]; readonly unreadable: number }>;
  get(version: VersionId): Promise<OpenedVersion | undefined>;
}

const NOTES_KEPT_MAX = 10_000;

/** Opens version entries once each; "retired" and "brought back" count in the order of the log. */
export function createVersionList(needs: {
  readonly log: Pick<OrderLog, 'versions'>;
  readonly self: Pick<Self, 'secrets'>;
}): VersionList {
  const notes = new Map<VersionId, VersionNote>();

  function open(row: VersionRow): VersionNote | undefined {
    const known = notes.get(row.version);
    if (known !== undefined) return known;
    const secretOf = (epoch: number) => needs.self.secrets().find((row) => row.epoch === epoch)?.catalogue;
    try {
      const note = openVersionNote(row.sealed, secretOf);
      if (notes.size >= NOTES_KEPT_MAX) notes.clear();
      notes.set(row.version, note);
      return note;
    } catch (error) {
      if (!isBitDustError(error)) throw error;
      return undefined;
    }
  }

  async function read() {
    const found = new Map<VersionId, OpenedVersion>();
    const retired = new Map<VersionId, number>();
    let unreadable = 0;
    for (const row of await needs.log.versions()) {
      const note = open(row);
      if (note === undefined) unreadable += 1;
      else if (note.kind === 'version') {
        found.set(row.version, { version: row.version, device: row.device, entry: note, retiredAt: null });
      } else if (note.kind === 'retired') retired.set(note.version, row.at);
      else retired.delete(note.version);
    }
    const versions = [...found.values()].map((version) => ({
      ...version,
      retiredAt: retired.get(version.version) ?? null,
    }));
    return { versions, unreadable };
  }

  return {
    read,
    get: async (version) => (await read()).versions.find((row) => row.version === version),
  };
}
