import { type DecodeBounds, decode } from './cbor.ts';
import { BitDustError } from './errors.ts';

/** A check of a decoded value that gives it its type. `text` describes it for the generated pages. */
export interface Shape<Value> {
  readonly text: string;
  check(value: unknown, path: string): Value;
}

/** A field of a map that may be absent. */
export interface OptionalShape<Value> {
  readonly optional: Shape<Value>;
}

/** The type a shape gives. */
export type Shaped<S> = S extends Shape<infer Value> ? Value : never;

type Fields = Readonly<Record<string, Shape<unknown> | OptionalShape<unknown>>>;
type Flat<T> = { readonly [Key in keyof T]: T[Key] };

/** The object that a map shape gives. */
export type MapOf<F extends Fields> = Flat<
  { [Key in keyof F as F[Key] extends OptionalShape<unknown> ? never : Key]: Shaped<F[Key]> } & {
    [Key in keyof F as F[Key] extends OptionalShape<unknown> ? Key : never]?: F[Key] extends OptionalShape<infer V>
      ? V
      : never;
  }
>;

function fail(path: string, expected: string): never {
  throw new BitDustError('ENCODING_INVALID', `${path} is not ${expected}`, { details: { path, expected } });
}

/** Bytes of exactly this length, or within a range. */
export function bytes(length: number | { readonly min?: number; readonly max: number }): Shape<Uint8Array> {
  const { min = 0, max } = typeof length === 'number' ? { min: length, max: length } : length;
  const text = min === max ? `bytes ${max}` : `bytes ${min}..${max}`;
  return {
    text,
    check: (value, path) =>
      value instanceof Uint8Array && value.length >= min && value.length <= max ? value : fail(path, text),
  };
}

/** A text of at most so many UTF-8 bytes, matching the pattern when there is one. */
export function text(bytesMax: number, pattern?: RegExp): Shape<string> {
  const description = pattern === undefined ? `text ≤ ${bytesMax}` : `text ≤ ${bytesMax}, ${pattern}`;
  return {
    text: description,
    check: (value, path) =>
      typeof value === 'string' &&
      Buffer.byteLength(value) <= bytesMax &&
      (pattern === undefined || pattern.test(value))
        ? value
        : fail(path, description),
  };
}

/** A whole number within the range, 0 to 2^53 - 1 unless told. */
export function int(min = 0, max: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  const description = max === Number.MAX_SAFE_INTEGER ? `int ≥ ${min}` : `int ${min}..${max}`;
  return {
    text: description,
    check: (value, path) =>
      Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
        ? (value as number)
        : fail(path, description),
  };
}

/** True or false. */
export const boolean: Shape<boolean> = {
  text: 'bool',
  check: (value, path) => (typeof value === 'boolean' ? value : fail(path, 'bool')),
};

/** One of these texts, numbers, booleans or null. */
export function oneOf<const Options extends readonly (string | number | boolean | null)[]>(
  ...options: Options
): Shape<Options[number]> {
  const description = options.map((option) => JSON.stringify(option)).join(' | ');
  return {
    text: description,
    check: (value, path) =>
      options.includes(value as Options[number]) ? (value as Options[number]) : fail(path, description),
  };
}

/** The value or null. */
export function nullable<Value>(shape: Shape<Value>): Shape<Value | null> {
  return {
    text: `${shape.text} | null`,
    check: (value, path) => (value === null ? null : shape.check(value, path)),
  };
}

/** A list of `min` to `max` items. */
export function array<Value>(item: Shape<Value>, max: number, min = 0): Shape<readonly Value[]> {
  const description = `[${item.text}] ${min}..${max}`;
  return {
    text: description,
    check: (value, path) => {
      if (!Array.isArray(value) || value.length < min || value.length > max) fail(path, `a list of ${min} to ${max}`);
      return value.map((one, index) => item.check(one, `${path}[${index}]`));
    },
  };
}

/** Marks a field of a map as one that may be absent. Null is not absent. */
export function optional<Value>(shape: Shape<Value>): OptionalShape<Value> {
  return { optional: shape };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** A map with these fields. Unknown keys are ignored and not passed on, so that a field can be added later. */
export function map<const F extends Fields>(fields: F): Shape<MapOf<F>> {
  const rows = Object.entries(fields).map(([name, field]) =>
    'optional' in field ? { name, shape: field.optional, needed: false } : { name, shape: field, needed: true },
  );
  const description = rows.map(({ name, shape, needed }) => `${name}${needed ? '' : '?'}: ${shape.text}`).join(', ');
  return {
    text: `{${description}}`,
    check: (value, path) => {
      if (!isMap(value)) fail(path, 'a map');
      const result: Record<string, unknown> = {};
      for (const { name, shape, needed } of rows) {
        const has = Object.hasOwn(value, name);
        if (has) result[name] = shape.check(value[name], `${path}.${name}`);
        else if (needed) fail(`${path}.${name}`, 'there');
      }
      return result as MapOf<F>;
    },
  };
}

/** A map from any text key to one kind of value, with at most so many keys. */
export function record<Value>(value: Shape<Value>, max: number): Shape<Readonly<Record<string, Value>>> {
  return {
    text: `{text: ${value.text}} ≤ ${max}`,
    check: (input, path) => {
      if (!isMap(input)) fail(path, 'a map');
      const entries = Object.entries(input);
      if (entries.length > max) fail(path, `a map of at most ${max}`);
      return Object.fromEntries(entries.map(([key, one]) => [key, value.check(one, `${path}.${key}`)]));
    },
  };
}

/** The first of the shapes that fits. */
export function either<const Options extends readonly Shape<unknown>[]>(
  ...options: Options
): Shape<Shaped<Options[number]>> {
  return {
    text: options.map((option) => option.text).join(' | '),
    check: (value, path) => {
      let last: unknown;
      for (const option of options) {
        try {
          return option.check(value, path) as Shaped<Options[number]>;
        } catch (error) {
          last = error;
        }
      }
      throw last ?? new BitDustError('ENCODING_INVALID', `${path} fits no shape`);
    },
  };
}

/** Any strict CBOR value, for parts that another format checks. */
export const anything: Shape<unknown> = { text: 'any', check: (value) => value };

/** Decodes strict CBOR and checks it against the shape. */
export function decodeAs<Value>(
  shape: Shape<Value>,
  input: Uint8Array,
  options: DecodeBounds & { readonly name?: string },
): Value {
  return shape.check(decode(input, options), options.name ?? 'value');
}
