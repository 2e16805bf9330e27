import { existsSync } from 'node:fs';
import { BitDustError } from '../../protocol/errors.ts';
import type { ConfigProblem, origins } from '../api/config.ts';
import { readText, replaceText } from '../files.ts';
import { homePaths } from '../home.ts';
import { networkOfHome } from '../network-file.ts';
import { CONFIG_KEY_NAMES, CONFIG_KEYS, type ConfigKey, type ConfigKeyName, isConfigKey } from './keys.ts';
import { importConfig } from './module.ts';
import { configError, type Leaf, leavesOf, problemOf } from './problems.ts';

/** Where a value came from, weakest first. */
export type Origin = (typeof origins)[number];

/** Values as they were written, of one origin. */
export interface Layer {
  readonly origin: Origin;
  readonly source: string;
  readonly values: ReadonlyMap<ConfigKeyName, unknown>;
}

/** The layer of the defaults. */
export function defaultLayer(): Layer {
  const values = new Map(CONFIG_KEY_NAMES.map((key) => [key, CONFIG_KEYS[key].default as unknown]));
  return { origin: 'default', source: 'defaults', values };
}

/** Checks every leaf; throws `CONFIG_KEY_UNKNOWN` or `CONFIG_VALUE_INVALID` with all problems in its details. */
export function checkedLayer(origin: Origin, source: string, leaves: readonly Leaf[]): Layer {
  const problems = leaves
    .map((leaf) => problemOf(leaf, { fromFile: origin === 'file' }))
    .filter((problem): problem is ConfigProblem => problem !== undefined);
  if (problems.length > 0) throw configError(problems, source);
  return { origin, source, values: new Map(leaves.map(({ key, value }) => [key as ConfigKeyName, value])) };
}

/** `HOME/network.json`, as if it stood in the configuration. */
export function networkLayer(home: string): Layer | undefined {
  const network = networkOfHome(home);
  return network && checkedLayer('file', homePaths(home).networkFile, leavesOf({ network }));
}

/** `--config FILE`, else `HOME/bitdust.config.ts`; never one of the current folder. */
export async function fileLayer(home: string, flag: string | undefined): Promise<Layer | undefined> {
  const file = flag ?? homePaths(home).configFile;
  if (flag === undefined && !existsSync(file)) return undefined;
  return checkedLayer('file', file, leavesOf(await importConfig(file)));
}

/** `HOME/settings.json`: what `config set`, `donate` and the page wrote. */
export function settingsLayer(home: string): Layer {
  const file = homePaths(home).settingsFile;
  const leaves = Object.entries(readSettings(home)).map(([key, value]) => ({ key, value }));
  return checkedLayer('settings', file, leaves);
}

/** `BITDUST_…` variables. Names that are no key belong to somebody else and are left alone. */
export function environmentLayer(environment: NodeJS.ProcessEnv): Layer {
  const leaves = CONFIG_KEY_NAMES.flatMap((key) => {
    const text = environment[variableOf(key)];
    return text === undefined ? [] : [{ key, value: valueOfText(key, text) }];
  });
  return checkedLayer('environment', 'the environment', leaves);
}

/** The variable of a key: `network.directoryPort` is `BITDUST_NETWORK_DIRECTORY_PORT`. */
export function variableOf(key: string): string {
  return `BITDUST_${key.replaceAll('.', '_').replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

/** What text of the environment or of `config set` means for a key. */
export function valueOfText(key: ConfigKeyName, text: string): unknown {
  const row: ConfigKey = CONFIG_KEYS[key];
  if (text === 'null') return null;
  if (row.text === 'text' || (row.text === 'list' && !text.trimStart().startsWith('['))) {
    return row.text === 'text' ? text : text.split(',').flatMap((part) => part.trim() || []);
  }
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The settings of a home by key; unknown ones are kept, so that an older version loses nothing. */
export function readSettings(home: string): Record<string, unknown> {
  const file = homePaths(home).settingsFile;
  const text = readText(file);
  if (text === undefined) return {};
  try {
    const settings: unknown = JSON.parse(text);
    if (typeof settings === 'object' && settings !== null && !Array.isArray(settings)) return { ...settings };
  } catch (cause) {
    throw new BitDustError('CONFIG_FILE_INVALID', `${file} is not valid JSON: ${(cause as Error).message}`, { cause });
  }
  throw new BitDustError('CONFIG_FILE_INVALID', `${file} is not a JSON object.`);
}

/** Writes settings into the home, after their check; null of a key that allows it is a value, undefined removes it. */
export function writeSettings(home: string, changes: Partial<Record<ConfigKeyName, unknown>>): void {
  const leaves = Object.entries(changes).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]));
  checkedLayer('settings', 'the change', leaves);
  const settings = { ...readSettings(home), ...changes };
  const sorted = Object.fromEntries(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
  replaceText(homePaths(home).settingsFile, `${JSON.stringify(sorted, null, 2)}\n`);
}

/** Flags of the command line that are keys. */
export function flagLayer(flags: Partial<Record<ConfigKeyName, unknown>>): Layer {
  const leaves = Object.entries(flags).flatMap(([key, value]) =>
    value === undefined || !isConfigKey(key) ? [] : [{ key, value }],
  );
  return checkedLayer('flag', 'the command line', leaves);
}
