import { z } from 'zod';
import type { BitDustConfig, CustomerCandidate } from './define.ts';
import { parseDuration, parseGeometry, parseRate, parseSize } from './units.ts';

/** One key: what is allowed, its default as it would be written, and whether a change waits for the next start. */
export interface ConfigKey<T extends z.ZodType = z.ZodType> {
  readonly schema: T;
  readonly allowed: string;
  readonly default: unknown;
  readonly restart: boolean;
  /** How text of the environment and of `config set` is meant. */
  readonly text: 'text' | 'json' | 'list';
  /** Functions have no place outside a configuration file. */
  readonly fileOnly: boolean;
}

interface Described<T extends z.ZodType> {
  readonly schema: T;
  readonly allowed: string;
  readonly default: unknown;
  readonly restart?: boolean;
  readonly text?: 'text' | 'json' | 'list';
  readonly fileOnly?: boolean;
}

function key<T extends z.ZodType>(described: Described<T>): ConfigKey<T> {
  return { restart: true, text: 'text', fileOnly: false, ...described };
}

/** Text that `parse` understands, turned into its value. */
function parsed<T>(parse: (text: string) => T | undefined, kind: string) {
  return z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `not a ${kind}` });
    return z.NEVER;
  });
}

const duration = parsed(parseDuration, 'duration');
const size = z.union([z.int().min(0), parsed(parseSize, 'size')]);
const rate = parsed(parseRate, 'rate');
const port = z.int().min(0).max(65_535);
const address = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$/);

const setRule = z.strictObject({
  name: z.string().min(1).max(200),
  paths: z.array(z.string().min(1)).min(1),
  every: duration.optional(),
  keep: z
    .strictObject({
      last: z.int().min(0),
      hourly: z.int().min(0),
      daily: z.int().min(0),
      weekly: z.int().min(0),
      monthly: z.int().min(0),
      yearly: z.int().min(0),
    })
    .partial()
    .optional(),
});

const rateRule = z.strictObject({
  hours: z
    .string()
    .regex(/^([01][0-9]|2[0-4])-([01][0-9]|2[0-4])$/)
    .optional(),
  up: rate.optional(),
  down: rate.optional(),
});

type Accept = (customer: CustomerCandidate) => boolean | Promise<boolean>;
const acceptFunction = z.custom<Accept>((value) => typeof value === 'function');
const listeners = z.custom<NonNullable<BitDustConfig['on']>>(
  (value) => typeof value === 'object' && value !== null && Object.values(value).every((f) => typeof f === 'function'),
);

/** Every key of the configuration. */
export const CONFIG_KEYS = {
  nickname: key({
    schema: z
      .string()
      .regex(/^[a-z0-9_-]{3,32}$/)
      .nullable(),
    allowed: '3 to 32 characters of a-z, 0-9, - and _, or null',
    default: null,
  }),
  role: key({
    schema: z.enum(['full', 'consumer', 'keeper', 'cleaner', 'bystander']),
    allowed: 'full, consumer or keeper',
    default: 'full',
  }),
  'network.name': key({ schema: z.string().max(80).nullable(), allowed: 'a name, or null', default: null }),
  'network.id': key({
    schema: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .nullable(),
    allowed: '64 lower-case hex digits, or null',
    default: null,
  }),
  'network.bootstrap': key({
    schema: z.array(address).max(64),
    allowed: 'a list of host:port',
    default: [],
    text: 'list',
  }),
  'network.host': key({
    schema: z.string().min(1).max(255),
    allowed: 'an address of this machine to listen on',
    default: '0.0.0.0',
  }),
  'network.port': key({
    schema: port.nullable(),
    allowed: 'a TCP port, or null for one that is chosen once and kept',
    default: null,
    text: 'json',
  }),
  'network.directoryPort': key({
    schema: port.nullable(),
    allowed: 'a UDP port, or null for one that is chosen once and kept',
    default: null,
    text: 'json',
  }),
  'api.port': key({ schema: port, allowed: 'a TCP port, 0 for any', default: 0, text: 'json' }),
  'log.level': key({
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    allowed: 'debug, info, warn or error',
    default: 'info',
  }),
  'storage.engine': key({
    schema: z.enum(['auto', 'rocksdb', 'leveldb']),
    allowed: 'auto, rocksdb or leveldb',
    default: 'auto',
  }),
  'services.contacts.enabled': key({ schema: z.boolean(), allowed: 'true or false', default: true, text: 'json' }),
  'services.customer.enabled': key({ schema: z.boolean(), allowed: 'true or false', default: false, text: 'json' }),
  'services.customer.suppliers': key({
    schema: z.union([z.literal('auto').transform(() => null), parsed(parseGeometry, 'geometry')]),
    allowed: "'auto', or k of n as '4/8' with n at most 64",
    default: 'auto',
    restart: false,
  }),
  'services.customer.patience': key({
    schema: duration.refine((ms) => ms >= 1000).nullable(),
    allowed: "a duration of at least '1s', or null for three times the usual absence",
    default: null,
  }),
  'services.customer.sets': key({
    schema: z.array(setRule).max(1000),
    allowed: 'a list of {name, paths, every, keep}',
    default: [],
    text: 'json',
  }),
  'services.supplier.enabled': key({ schema: z.boolean(), allowed: 'true or false', default: false, text: 'json' }),
  'services.supplier.donate': key({
    schema: size,
    allowed: "a size, '200GiB'",
    default: '0B',
    restart: false,
  }),
  'services.supplier.accept': key({
    schema: acceptFunction.nullable(),
    allowed: 'a function of the customer, or null for everybody',
    default: null,
    fileOnly: true,
  }),
  'services.supplier.rate': key({
    schema: z.array(rateRule).max(48),
    allowed: "a list of {hours: '08-23', up: '2MiB/s', down: '2MiB/s'}",
    default: [],
    text: 'json',
  }),
  on: key({
    schema: listeners,
    allowed: 'functions by type of fact',
    default: {},
    fileOnly: true,
  }),
} as const satisfies Record<string, ConfigKey>;

/** The name of a key, `services.supplier.donate`. */
export type ConfigKeyName = keyof typeof CONFIG_KEYS;

/** The value of a key as the node uses it: durations in ms, sizes in bytes. */
export type ConfigValue<K extends ConfigKeyName> = z.output<(typeof CONFIG_KEYS)[K]['schema']>;

/** Every key, in the order of the table. */
export const CONFIG_KEY_NAMES = Object.keys(CONFIG_KEYS) as ConfigKeyName[];

/** True for the name of a key. */
export function isConfigKey(name: string): name is ConfigKeyName {
  return Object.hasOwn(CONFIG_KEYS, name);
}
