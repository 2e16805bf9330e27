import { encode } from './cbor.ts';
import { type DeviceList, readDeviceList, requireListFollows } from './device-list.ts';
import { BitDustError } from './errors.ts';
import { equalBytes } from './hash.ts';
import { LIMITS } from './limits.ts';
import { type RootStatement, readRootStatement, requireRootFollows } from './root-statement.ts';
import { array, bytes, decodeAs, map } from './shape.ts';

/** Names the newest state of an identity; the higher (epoch, revision) with a valid chain wins. */
export interface IdentityHead {
  readonly epoch: number;
  readonly revision: number;
  /** Statement hash of the newest list. */
  readonly hash: Uint8Array;
}

/** A verified identity file. `lists` are those of the newest epoch, in order; it holds at least one. */
export interface IdentityFile {
  readonly person: Uint8Array;
  readonly head: IdentityHead;
  readonly roots: readonly RootStatement[];
  readonly lists: readonly DeviceList[];
  readonly root: RootStatement;
  readonly list: DeviceList;
  readonly bytes: Uint8Array;
}

const listBytes = bytes({ min: 1, max: LIMITS.identityFileBytesMax.value });
const fileShape = map({
  roots: array(listBytes, LIMITS.identityStatementsMax.value, 1),
  lists: array(listBytes, LIMITS.identityStatementsMax.value, 1),
});

/** Packs verified statements into a file and verifies it as a stranger would. `TOO_LARGE` beyond 48 KiB. */
export function makeIdentityFile(
  roots: readonly { readonly statement: { readonly bytes: Uint8Array } }[],
  lists: readonly { readonly statement: { readonly bytes: Uint8Array } }[],
): IdentityFile {
  const encoded = encode({
    roots: roots.map(({ statement }) => statement.bytes),
    lists: lists.map(({ statement }) => statement.bytes),
  });
  if (encoded.length > LIMITS.identityFileBytesMax.value) throw new BitDustError('TOO_LARGE');
  return readIdentityFile(encoded);
}

function readRoots(inputs: readonly Uint8Array[]): readonly RootStatement[] {
  const roots = inputs.map(readRootStatement);
  if (roots[0]?.epoch !== 0) throw new BitDustError('IDENTITY_INVALID', 'the first root statement is missing');
  for (let index = 1; index < roots.length; index += 1) requireRootFollows(roots[index - 1]!, roots[index]!);
  return roots;
}

function readLists(inputs: readonly Uint8Array[], root: RootStatement): readonly DeviceList[] {
  const lists: DeviceList[] = [];
  for (const input of inputs) {
    const list = readDeviceList(input, root.admins);
    requireListFollows(root, lists.at(-1) ?? null, list);
    lists.push(list);
  }
  return lists;
}

/** Verifies a file from anybody: it proves itself. `IDENTITY_INVALID` for every flaw; `person` asks for a certain one. */
export function readIdentityFile(input: Uint8Array, options: { readonly person?: Uint8Array } = {}): IdentityFile {
  try {
    const outer = decodeAs(fileShape, input, { bytesMax: LIMITS.identityFileBytesMax.value, name: 'identity file' });
    const roots = readRoots(outer.roots);
    const root = roots.at(-1)!;
    const lists = readLists(outer.lists, root);
    const list = lists.at(-1)!;
    if (options.person !== undefined && !equalBytes(options.person, root.person)) {
      throw new BitDustError('IDENTITY_INVALID', 'it is the identity of somebody else');
    }
    const head = { epoch: root.epoch, revision: list.revision, hash: list.hash };
    return { person: root.person, head, roots, lists, root, list, bytes: Uint8Array.from(input) };
  } catch (error) {
    if (error instanceof BitDustError && error.code === 'IDENTITY_INVALID') throw error;
    throw new BitDustError('IDENTITY_INVALID', undefined, { cause: error });
  }
}

/** Positive when `a` is newer. The hash is not compared: the same place with another hash is a fork. */
export function compareHeads(
  a: Pick<IdentityHead, 'epoch' | 'revision'>,
  b: Pick<IdentityHead, 'epoch' | 'revision'>,
): number {
  return a.epoch - b.epoch || a.revision - b.revision;
}

function requireSameRoots(known: IdentityFile, candidate: IdentityFile): void {
  const shared = Math.min(known.roots.length, candidate.roots.length);
  for (let epoch = 0; epoch < shared; epoch += 1) {
    if (!equalBytes(known.roots[epoch]!.hash, candidate.roots[epoch]!.hash)) {
      throw new BitDustError('IDENTITY_FORKED', 'two root statements of one epoch');
    }
  }
}

function requireSameLists(known: IdentityFile, candidate: IdentityFile): void {
  if (known.head.epoch !== candidate.head.epoch) return;
  const byRevision = new Map(known.lists.map((list) => [list.revision, list]));
  for (const list of candidate.lists) {
    const ours = byRevision.get(list.revision);
    if (ours !== undefined && !equalBytes(ours.hash, list.hash)) {
      throw new BitDustError('IDENTITY_FORKED', 'two device lists of one revision');
    }
  }
}

/**
 * Decides what a verified file is to the one we know: `newer` replaces it, `same` changes nothing. `IDENTITY_OLD` when it
 * is behind, `IDENTITY_FORKED` when both cannot be true.
 */
export function judgeIdentity(known: IdentityFile | undefined, candidate: IdentityFile): 'newer' | 'same' {
  if (known === undefined) return 'newer';
  if (!equalBytes(known.person, candidate.person)) {
    throw new BitDustError('IDENTITY_INVALID', 'it is the identity of somebody else');
  }
  requireSameRoots(known, candidate);
  requireSameLists(known, candidate);
  const order = compareHeads(candidate.head, known.head);
  if (order < 0) throw new BitDustError('IDENTITY_OLD');
  return order > 0 ? 'newer' : 'same';
}

/**
 * True when the device stands in the newest list, or in that of `revision`. For a revision from before the file's first
 * list that list decides: it continues the older ones, and what they signed must be judged by those who come later.
 */
export function listsDevice(file: IdentityFile, device: Uint8Array, revision?: number): boolean {
  const [first] = file.lists;
  const wanted = Math.max(revision ?? file.list.revision, first?.revision ?? 0);
  const list = file.lists.find((one) => one.revision === wanted);
  return list?.devices.some(({ key }) => equalBytes(key, device)) ?? false;
}
