import { readFileSync } from 'node:fs';

/** The version of the program, as its package says. */
export const VERSION = String(
  (JSON.parse(readFileSync(packageFile(), 'utf8')) as { readonly version: unknown }).version,
);

/** One folder up from the sources, two from a published build. */
function packageFile(): URL {
  return new URL(import.meta.url.includes('/dist/') ? '../../package.json' : '../package.json', import.meta.url);
}
