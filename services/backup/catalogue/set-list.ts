import type { BackupSet } from '../../../ports/catalogue.ts';
import type { Self } from '../../../ports/identity.ts';
import type { OrderLog } from '../../../ports/order-logs.ts';
import { isBitDustError } from '../../../protocol/errors.ts';
import { openSettingsChange, type SetSettings } from '../../../protocol/settings-change.ts';
import { textOf } from './paths.ts';

/** Name of the document in the log. */
export const SETTINGS_DOCUMENT = 'settings';

/** A set as the settings have it, paths in bytes. */
export interface NamedSet extends SetSettings {
  readonly name: string;
}

/** Merges the changes of the document: of each set the last one in the order of the log. */
export async function readSets(needs: {
  readonly log: Pick<OrderLog, 'document'>;
  readonly self: Pick<Self, 'secrets'>;
}): Promise<readonly NamedSet[]> {
  const secretOf = (epoch: number) => needs.self.secrets().find((row) => row.epoch === epoch)?.documents;
  const sets = new Map<string, NamedSet>();
  for (const { sealed } of await needs.log.document(SETTINGS_DOCUMENT)) {
    try {
      const { set, settings } = openSettingsChange(sealed, secretOf);
      if (settings === null) sets.delete(set);
      else sets.set(set, { name: set, ...settings });
    } catch (error) {
      // A change of a later version of the program, or under a secret not known here, does not hide the others.
      if (!isBitDustError(error)) throw error;
    }
  }
  return [...sets.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The set as the ports show it. */
export function setView({ name, paths, k, n, every, keep }: NamedSet): BackupSet {
  return { name, paths: paths.map(textOf), k, n, every, keep };
}
