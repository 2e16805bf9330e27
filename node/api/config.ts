import { z } from 'zod';
import { one } from './operation.ts';
import { count, name } from './values.ts';

/** The layers a value can come from, weakest first. */
export const origins = ['default', 'role', 'file', 'settings', 'environment', 'flag'] as const;

/** One key of the configuration in effect. `restart` tells that a change waits for the next start. */
export const configRow = z.object({
  key: z.string(),
  value: z.json(),
  origin: z.enum(origins),
  restart: z.boolean(),
});

/** A key with value and origin, as `config get` prints it. */
export type ConfigRow = z.output<typeof configRow>;

/** The row after a change; `from` is the value before, `overridden` names the later layer that hides the change. */
export const configChange = configRow.extend({ from: z.json(), overridden: z.enum(origins).nullable() });

/** What `config set` answers. */
export type ConfigChange = z.output<typeof configChange>;

/** One thing wrong with a configuration. */
export const configProblem = z.object({
  key: z.string(),
  value: z.json(),
  allowed: z.string(),
  nearest: z.string().nullable(),
  line: count.nullable(),
});

/** A problem of a configuration with the key, the value and what is allowed. */
export type ConfigProblem = z.output<typeof configProblem>;

/** What `config check` answers. */
export const configCheckAnswer = z.object({ ok: z.boolean(), problems: z.array(configProblem) });

/** The configuration in effect. */
export const configOperations = {
  'config.list': one({
    summary: 'Every key with its value and where it came from.',
    method: 'GET',
    path: '/config',
    input: z.strictObject({}),
    answer: z.object({ values: z.array(configRow) }),
    errors: [],
  }),
  'config.get': one({
    summary: 'One key with its value and where it came from.',
    method: 'GET',
    path: '/config/:key',
    input: z.strictObject({ key: name }),
    answer: configRow,
    errors: ['CONFIG_KEY_UNKNOWN'],
  }),
  'config.set': one({
    summary: 'Writes a key into the settings of this home.',
    method: 'PUT',
    path: '/config/:key',
    input: z.strictObject({ key: name, value: z.json() }),
    answer: configChange,
    errors: ['CONFIG_KEY_UNKNOWN', 'CONFIG_VALUE_INVALID'],
  }),
} as const;
