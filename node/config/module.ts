import { statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BitDustError } from '../../protocol/errors.ts';

const PROGRAM = new URL(import.meta.url.endsWith('.ts') ? '../index.ts' : '../index.js', import.meta.url).href;

let mapped = false;

/** Makes `import ... from 'bitdust'` mean the running program, in configurations and scripts wherever they lie. */
export function mapProgramImport(): void {
  if (mapped) return;
  mapped = true;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'bitdust' ? { url: PROGRAM, shortCircuit: true } : next(specifier, context),
  });
}

/** Imports a configuration file and gives what it exports by default. `CONFIG_FILE_INVALID` when it cannot. */
export async function importConfig(file: string): Promise<unknown> {
  const path = resolve(file);
  mapProgramImport();
  try {
    // The time in the query lets a changed file be read again by a running node.
    const version = statSync(path).mtimeMs;
    const module = (await import(`${pathToFileURL(path).href}?v=${version}`)) as { default?: unknown };
    if (typeof module.default === 'object' && module.default !== null) return module.default;
  } catch (cause) {
    throw new BitDustError('CONFIG_FILE_INVALID', `${path} cannot be read: ${(cause as Error).message}`, {
      cause,
      details: { file: path },
    });
  }
  throw new BitDustError('CONFIG_FILE_INVALID', `${path} has no 'export default defineConfig({...})'.`, {
    details: { file: path },
  });
}
