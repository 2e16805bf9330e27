import { existsSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { BitDustError } from '../protocol/errors.ts';
import type { ConfigChange, ConfigProblem, ConfigRow } from './api/config.ts';
import { CONFIG_KEY_NAMES, CONFIG_KEYS, type ConfigKeyName, type ConfigValue, isConfigKey } from './config/keys.ts';
import {
  checkedLayer,
  defaultLayer,
  environmentLayer,
  fileLayer,
  flagLayer,
  type Layer,
  networkLayer,
  type Origin,
  settingsLayer,
  valueOfText,
  writeSettings,
} from './config/layers.ts';
import { importConfig } from './config/module.ts';
import { leavesOf, plain, problemOf, unknownKey } from './config/problems.ts';
import { roleValues } from './config/roles.ts';
import { readText } from './files.ts';

/** The configuration in effect: each key's value as the node uses it, and where it came from. */
export interface NodeConfig {
  readonly home: string;
  get<K extends ConfigKeyName>(key: K): ConfigValue<K>;
  origin(key: ConfigKeyName): Origin;
  /** Every key as it was written, for people and programs. */
  rows(): readonly ConfigRow[];
}

/** What a configuration is loaded from, beside the home itself. */
export interface ConfigSources {
  readonly home: string;
  readonly configFile?: string | undefined;
  readonly environment?: NodeJS.ProcessEnv;
  readonly flags?: Partial<Record<ConfigKeyName, unknown>>;
  /** Free space on the home's disk; measured when left out. */
  readonly freeBytes?: number;
}

/** Loads all layers: default, role, file, settings, environment, flag; the later one wins. Rejects with what is wrong. */
export async function loadConfig(sources: ConfigSources): Promise<NodeConfig> {
  const home = resolve(sources.home);
  const named = await namedLayers({ ...sources, home });
  const role = String(pick(named, 'role').value);
  const freeBytes = sources.freeBytes ?? freeBytesOf(home);
  const leaves = Object.entries(roleValues(role, freeBytes)).map(([key, value]) => ({ key, value }));
  const [defaults, ...rest] = named as [Layer, ...Layer[]];
  return resolved(home, [defaults, checkedLayer('role', `role ${role}`, leaves), ...rest]);
}

/** One key with value and origin; rejects with `CONFIG_KEY_UNKNOWN` and the nearest known key. */
export function configRow(config: NodeConfig, key: string): ConfigRow {
  const row = config.rows().find((each) => each.key === key);
  if (!row) throw unknownKey(key, 'config get');
  return row;
}

/** Writes one key into the settings and tells what it was, and which later layer hides it. */
export async function setConfig(sources: ConfigSources, key: string, value: unknown): Promise<ConfigChange> {
  if (!isConfigKey(key)) throw unknownKey(key, 'config set');
  const before = configRow(await loadConfig(sources), key);
  const written = typeof value === 'string' ? valueOfText(key, value) : value;
  if (key === 'role') roleValues(String(written), null);
  writeSettings(sources.home, { [key]: written });
  const after = configRow(await loadConfig(sources), key);
  return { ...after, from: before.value, overridden: after.origin === 'settings' ? null : after.origin };
}

/** Every problem of a configuration file, with the line where it seems to stand. */
export async function checkConfigFile(file: string): Promise<{ ok: boolean; problems: ConfigProblem[] }> {
  const path = resolve(file);
  const source = readText(path);
  if (source === undefined) throw new BitDustError('PATH_NOT_FOUND', `There is no file ${path}.`);
  const problems: ConfigProblem[] = [];
  for (const leaf of leavesOf(await importConfig(path))) {
    const problem = problemOf(leaf, { fromFile: true });
    if (problem) problems.push({ ...problem, line: lineOf(source, leaf.key) });
  }
  return { ok: problems.length === 0, problems };
}

async function namedLayers(sources: ConfigSources): Promise<Layer[]> {
  const { home, configFile, environment = process.env, flags = {} } = sources;
  const layers = [
    defaultLayer(),
    networkLayer(home),
    await fileLayer(home, configFile),
    settingsLayer(home),
    environmentLayer(environment),
    flagLayer(flags),
  ];
  return layers.filter((layer) => layer !== undefined);
}

function resolved(home: string, layers: readonly Layer[]): NodeConfig {
  const found = new Map(CONFIG_KEY_NAMES.map((key) => [key, pick(layers, key)]));
  const values = new Map(CONFIG_KEY_NAMES.map((key) => [key, CONFIG_KEYS[key].schema.parse(found.get(key)?.value)]));
  return {
    home,
    get: <K extends ConfigKeyName>(key: K) => values.get(key) as ConfigValue<K>,
    origin: (key) => found.get(key)?.origin ?? 'default',
    rows: () =>
      CONFIG_KEY_NAMES.map((key) => ({
        key,
        value: plain(found.get(key)?.value),
        origin: found.get(key)?.origin ?? 'default',
        restart: CONFIG_KEYS[key].restart,
      })),
  };
}

function pick(layers: readonly Layer[], key: ConfigKeyName): { readonly value: unknown; readonly origin: Origin } {
  const layer = layers.findLast(({ values }) => values.has(key)) as Layer;
  return { value: layer.values.get(key), origin: layer.origin };
}

/** Free space where the home is, or will be. */
function freeBytesOf(home: string): number {
  let folder = home;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** The first line that names the last part of the key after the parts before it. */
function lineOf(source: string, key: string): number | null {
  let from = 0;
  for (const part of key.split('.')) {
    const found = new RegExp(`(^|[^\\w$])['"]?${part.replace(/[^\w]/g, '\\$&')}['"]?\\s*[:(,}]`, 'm');
    const match = found.exec(source.slice(from));
    if (!match) return null;
    from += match.index + match[0].length - 1;
  }
  return source.slice(0, from).split('\n').length;
}
