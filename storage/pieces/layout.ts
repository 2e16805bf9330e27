import { join, relative } from 'node:path';
import type { PieceRef } from '../../ports/pieces.ts';
import { toHex } from '../../protocol/hash.ts';
import { keyOfPerson, type PersonId } from '../../protocol/ids.ts';

/** Where a piece lies: in a file of its own (its path in the store), or in a segment at an offset. */
export type Place = { readonly file: string } | { readonly segment: string; readonly at: number };

/** Paths of a piece store. Days are `YYYY-MM-DD`, buckets the first byte of the block id. */
export interface Layout {
  readonly folder: string;
  readonly marker: string;
  readonly incoming: string;
  readonly pieces: string;
  readonly segments: string;
  readonly contracts: string;
  /** The path in the store of a piece that came on this day. */
  filed(day: string, name: string): string;
  segment(name: string): string;
  contract(customer: string): string;
  /** The path as it is written into the index, so that a store can be moved. */
  relative(path: string): string;
  absolute(path: string): string;
}

/** The paths below the folder of a store. */
export function layoutOf(folder: string): Layout {
  const pieces = join(folder, 'pieces');
  const segments = join(folder, 'segments');
  const contracts = join(folder, 'contracts');
  return {
    folder,
    marker: join(folder, 'store'),
    incoming: join(folder, 'incoming'),
    pieces,
    segments,
    contracts,
    filed: (day, name) => join('pieces', day, name.slice(0, 2), name),
    segment: (name) => join(segments, name),
    contract: (customer) => join(contracts, customer),
    relative: (path) => relative(folder, path),
    absolute: (path) => join(folder, path),
  };
}

/** The day of a time, UTC. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** The first moment of a day. */
export function startOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

/** A name no file had before: an erased piece that is stored again never meets the removal of its first file. */
export function newFileName(ref: PieceRef, unique: Uint8Array): string {
  return `${ref.block}-${ref.seat.toString(16).padStart(2, '0')}-${ownerMark(ref.customer)}-${toHex(unique)}`;
}

/** What a file name says of its piece; the owner only by the first bytes of his key. */
export function parseFileName(
  name: string,
): { readonly block: string; readonly seat: number; readonly owner: string } | undefined {
  const match = /^([0-9a-f]{64})-([0-9a-f]{2})-([0-9a-f]{16})-[0-9a-f]{16}$/.exec(name);
  if (!match) return undefined;
  const [, block, seat, owner] = match as unknown as [string, string, string, string];
  return { block, seat: Number.parseInt(seat, 16), owner };
}

/** The mark of an owner in file names. */
export function ownerMark(customer: PersonId): string {
  return toHex(keyOfPerson(customer)).slice(0, 16);
}
