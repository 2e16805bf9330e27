import { existsSync } from 'node:fs';

const ENDING = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/** Parts of the program that commands load only when they run, by their place without its ending. */
const PARTS = {
  identity: '../node/offline-identity',
  node: '../node/real-parts',
  charts: '../node/charts/index',
  demo: './demo/story',
  testnet: '../node/testnet',
} as const;

/** The name of such a part. */
export type PartName = keyof typeof PARTS;

/** Whether this version has the part; its commands are registered only then. */
export function isBuilt(part: PartName): boolean {
  return existsSync(placeOf(part));
}

/** Loads the part. */
export async function loadPart<T>(part: PartName): Promise<T> {
  return (await import(placeOf(part).href)) as T;
}

function placeOf(part: PartName): URL {
  return new URL(PARTS[part] + ENDING, import.meta.url);
}
