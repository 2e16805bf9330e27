import { Buffer } from 'node:buffer';

/**
 * Names of files are bytes. Between threads they travel as strings with one character a byte, which are cheap to copy,
 * to compare in byte order, and to use as keys.
 */
export type ByteName = string;

/** The bytes as a string, one character each. */
export function toByteName(bytes: Uint8Array): ByteName {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The bytes behind a byte name. */
export function fromByteName(name: ByteName): Uint8Array {
  return Uint8Array.from(Buffer.from(name, 'latin1'));
}

/** Absolute path of a relative one, in the form that file calls take. An empty path is the root itself. */
export function absolutePath(root: string, path: ByteName): Buffer {
  const base = Buffer.from(root);
  if (path === '') return base;
  const slash = root.endsWith('/') ? '' : '/';
  return Buffer.concat([base, Buffer.from(slash + path, 'latin1')]);
}

/** `folder/name`, or the name alone at the root. */
export function joinNames(folder: ByteName, name: ByteName): ByteName {
  return folder === '' ? name : `${folder}/${name}`;
}

/** Code of a failed system call, or null. */
export function errnoOf(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}
