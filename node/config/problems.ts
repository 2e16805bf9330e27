import { BitDustError } from '../../protocol/errors.ts';
import type { ConfigProblem } from '../api/config.ts';
import { CONFIG_KEY_NAMES, CONFIG_KEYS, type ConfigKey, type ConfigKeyName, isConfigKey } from './keys.ts';
import { nearest } from './nearest.ts';

/** A value of a layer, under its full key. */
export interface Leaf {
  readonly key: string;
  readonly value: unknown;
}

/** The leaves of a nested configuration: it is walked down until a key of the table, or something that cannot be one. */
export function leavesOf(value: unknown, prefix = ''): Leaf[] {
  if (isConfigKey(prefix) || typeof value !== 'object' || value === null || Array.isArray(value)) {
    return value === undefined ? [] : [{ key: prefix, value }];
  }
  const entries = Object.entries(value);
  if (entries.length === 0 && prefix !== '' && !CONFIG_KEY_NAMES.some((key) => key.startsWith(`${prefix}.`))) {
    return [{ key: prefix, value }];
  }
  return entries.flatMap(([name, inner]) => leavesOf(inner, prefix === '' ? name : `${prefix}.${name}`));
}

/** What is wrong with a leaf; undefined when it is right. */
export function problemOf({ key, value }: Leaf, options: { readonly fromFile: boolean }): ConfigProblem | undefined {
  if (!isConfigKey(key)) {
    return { key, value: plain(value), allowed: 'no such key', nearest: nearestKey(key), line: null };
  }
  const row: ConfigKey = CONFIG_KEYS[key];
  if (row.fileOnly && !options.fromFile) {
    return { key, value: plain(value), allowed: 'only in a configuration file', nearest: null, line: null };
  }
  if (row.schema.safeParse(value).success) return undefined;
  return { key, value: plain(value), allowed: row.allowed, nearest: null, line: null };
}

/** The error of the first problem, with all of them in its details. */
export function configError(problems: readonly ConfigProblem[], source: string): BitDustError {
  const [first] = problems;
  const details = { problems, source };
  if (first?.allowed === 'no such key') return unknownKey(first.key, source, details);
  return new BitDustError(
    'CONFIG_VALUE_INVALID',
    `${first?.key} = ${JSON.stringify(first?.value)} in ${source} is not allowed: ${first?.allowed}.`,
    { details },
  );
}

/** The error of a key that is none, naming the one that may be meant. */
export function unknownKey(key: string, source: string, details: Readonly<Record<string, unknown>> = {}): BitDustError {
  const meant = nearestKey(key);
  return new BitDustError(
    'CONFIG_KEY_UNKNOWN',
    `There is no key '${key}' (${source}).${meant ? ` Is '${meant}' meant?` : ''}`,
    { details: { ...details, key, nearest: meant } },
  );
}

/** A value as JSON can carry it. */
export function plain(value: unknown): ReturnType<typeof JSON.parse> {
  if (typeof value === 'function') return '(function)';
  const text = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'function' ? '(function)' : inner));
  return text === undefined ? null : JSON.parse(text);
}

/** The key that may be meant: alike as a whole, or in its last part. */
function nearestKey(key: string): string | null {
  const whole = nearest(key, CONFIG_KEY_NAMES);
  if (whole !== null) return whole;
  const last = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
  const part = nearest(last(key), CONFIG_KEY_NAMES.map(last));
  return CONFIG_KEY_NAMES.find((name: ConfigKeyName) => last(name) === part) ?? null;
}
