import { concatBytes, equalBytes } from '../../../protocol/hash.ts';

const SLASH = 0x2f;
const SEPARATOR = Uint8Array.of(SLASH);

/** Names of an absolute or relative path in bytes; empty ones and `.` are left out. */
export function namesOf(path: Uint8Array): readonly Uint8Array[] {
  const names: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at <= path.length; at += 1) {
    if (at < path.length && path[at] !== SLASH) continue;
    const name = path.subarray(from, at);
    if (name.length > 0 && !(name.length === 1 && name[0] === 0x2e)) names.push(name);
    from = at + 1;
  }
  return names;
}

/** The absolute path of names. */
export function pathOf(names: readonly Uint8Array[]): Uint8Array {
  if (names.length === 0) return SEPARATOR;
  return concatBytes(...names.flatMap((name) => [SEPARATOR, name]));
}

/** A name put behind an absolute path. */
export function joinPath(path: Uint8Array, name: Uint8Array): Uint8Array {
  return path.length === 1 ? concatBytes(path, name) : concatBytes(path, SEPARATOR, name);
}

/** True when the names begin with all of `head`. */
export function startsWith(names: readonly Uint8Array[], head: readonly Uint8Array[]): boolean {
  return names.length >= head.length && head.every((name, index) => equalBytes(name, names[index]!));
}

/** True when the names end with all of `tail`. */
export function endsWith(names: readonly Uint8Array[], tail: readonly Uint8Array[]): boolean {
  const skip = names.length - tail.length;
  return skip >= 0 && tail.every((name, index) => equalBytes(name, names[skip + index]!));
}

/** Readable text of bytes; what is not UTF-8 is shown by replacement characters. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The bytes when they are not UTF-8, so that nothing is lost in `textOf`. */
export function strangeBytes(bytes: Uint8Array): Uint8Array | null {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return null;
  } catch {
    return bytes;
  }
}
