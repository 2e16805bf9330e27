import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromHex, toHex } from '../../../protocol/hash.ts';

/** One golden vector: a commented text file with a verdict and the bytes. */
export interface Vector {
  readonly name: string;
  readonly expect: 'accept' | 'reject';
  /** Why it is refused, or what is special about it. */
  readonly comment: string;
  readonly bytes: Uint8Array;
}

/** Where the vectors lie. */
export const VECTORS_FOLDER = fileURLToPath(new URL('../../vectors/', import.meta.url));

/** The text of a vector file. */
export function formatVector(vector: Vector): string {
  const lines = toHex(vector.bytes).match(/.{1,96}/g) ?? [];
  return `expect: ${vector.expect}\ncomment: ${vector.comment}\n\n${lines.join('\n')}\n`;
}

/** Reads one vector file; throws for a file that is not of the form. */
export function parseVector(name: string, content: string): Vector {
  const match = /^expect: (accept|reject)\ncomment: (.+)\n\n([0-9a-f\n]*)$/.exec(content);
  if (match === null) throw new Error(`${name} is not a vector file`);
  const [, expect, comment, hex] = match;
  return { name, expect: expect as Vector['expect'], comment: comment!, bytes: fromHex(hex!.replaceAll('\n', '')) };
}

/** All vectors of an area, by name. */
export function readVectors(area: string): readonly Vector[] {
  const folder = `${VECTORS_FOLDER}${area}/`;
  const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));
  return names.sort().map((name) => parseVector(name.slice(0, -4), readFileSync(folder + name, 'utf8')));
}
