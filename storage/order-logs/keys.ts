import { toHex } from '../../protocol/hash.ts';
import type { BlockId, PersonId } from '../../protocol/ids.ts';
import { type LogPlace, logKey } from '../../protocol/log-place.ts';
import type { StateRow } from '../../protocol/log-rows.ts';
import { pinKey } from '../../protocol/log-state.ts';

/** `/` + 1 in the order of keys: the end of everything under a prefix that ends in `/`. */
const AFTER_SLASH = '0';

/** Range of all keys under a prefix that ends in `/`. */
export function under(prefix: string): { readonly from: string; readonly before: string } {
  return { from: prefix, before: prefix.slice(0, -1) + AFTER_SLASH };
}

/** Numbers as text of one width, so that their order is that of the keys. */
export function padded(value: number): string {
  return String(value).padStart(16, '0');
}

/** The keys of one owner's logs. Everything lies under his id, so that he is forgotten by one range. */
export function keysOf(owner: PersonId) {
  return {
    all: `${owner}/`,
    meta: `${owner}/meta`,
    own: `${owner}/own`,
    heads: `${owner}/head/`,
    head: (place: Pick<LogPlace, 'device' | 'log'>) => `${owner}/head/${logKey(place)}`,
    entry: (place: LogPlace) => `${owner}/entry/${logKey(place)}/${padded(place.seq)}`,
    fork: (place: LogPlace, hash: string) => `${owner}/fork/${logKey(place)}/${padded(place.seq)}/${hash}`,
    blocks: `${owner}/state/block/`,
    block: (block: BlockId) => `${owner}/state/block/${block}`,
    state: (on: StateRow['on']) => `${owner}/state/${on}/`,
    families: `${owner}/family/`,
    family: (version: number) => `${owner}/family/${padded(version)}`,
    row: (row: StateRow) => `${owner}/state/${rowName(row)}`,
  };
}

export type OwnerKeys = ReturnType<typeof keysOf>;

function rowName(row: StateRow): string {
  switch (row.on) {
    case 'block':
      return `block/${row.block}`;
    case 'version':
      return `version/${row.row.version}`;
    case 'document':
      return `document/${row.row.name}/${row.row.hash}`;
    case 'pin':
      return `pin/${pinKey(row.row)}`;
    case 'family':
      return `family/${padded(row.row.version)}`;
    case 'geometry':
      return `geometry/${toHex(row.row.set)}`;
  }
}
