import { BitDustError } from '../../protocol/errors.ts';

// Keys of a part begin with its name between two of these; the keys of a level itself begin with something higher.
const PART_MARK = '!';
const FIRST_KEY = '"';

/** The prefix of a part under the prefix of its parent. */
export function partPrefix(parent: string, name: string): string {
  if (!/^[a-z-]+$/.test(name)) throw new BitDustError('BAD_INPUT', `A part cannot be called ${name}.`);
  return `${parent}${PART_MARK}${name}${PART_MARK}`;
}

/** The key as the engine has it. Keys that could meet a part are refused. */
export function engineKey(prefix: string, key: string): string {
  if (key < FIRST_KEY) throw new BitDustError('BAD_INPUT', 'A key of records begins with a sign above "!".');
  return prefix + key;
}

/** The engine's bounds of a range under a prefix: inclusive, exclusive. Parts of the level lie outside. */
export function engineBounds(
  prefix: string,
  range: { readonly from?: string; readonly before?: string },
): { readonly from: string; readonly before: string | undefined } {
  const from = prefix + (range.from === undefined || range.from < FIRST_KEY ? FIRST_KEY : range.from);
  if (range.before !== undefined) return { from, before: prefix + range.before };
  return { from, before: prefix === '' ? undefined : prefix.slice(0, -1) + FIRST_KEY };
}

/** Order of the UTF-8 bytes of two texts; UTF-16 units differ from it above the surrogates. */
export function compareKeys(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
}

function rank(unit: number): number {
  const surrogate = unit >= 0xd800 && unit <= 0xdfff;
  return surrogate ? unit + 0x10000 : unit;
}
