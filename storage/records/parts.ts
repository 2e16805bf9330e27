import type { RecordOperation, RecordRange, Records } from '../../ports/records.ts';
import { engineBounds, engineKey, partPrefix } from './keys.ts';

/** What an engine does on whole keys; parts and prefixes are added by `recordsOver`. */
export interface Engine {
  getMany(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  batch(operations: readonly RecordOperation[], options: { readonly durable: boolean }): Promise<void>;
  /** Takes its view when called. */
  range(bounds: {
    readonly from: string;
    readonly before: string | undefined;
    readonly limit: number;
    readonly reverse: boolean;
  }): AsyncIterable<readonly [string, Uint8Array]>;
}

/** The records of an engine under a prefix. */
export function recordsOver(engine: Engine, prefix = ''): Records {
  const getMany = async (keys: readonly string[]) => {
    if (keys.length === 0) return [];
    return engine.getMany(keys.map((key) => engineKey(prefix, key)));
  };
  return {
    get: async (key) => (await getMany([key]))[0],
    getMany,
    batch: async (operations, options) => {
      if (operations.length > 0)
        await engine.batch(
          operations.map((operation) => placed(prefix, operation)),
          options,
        );
    },
    range: (range) => ranged(engine, prefix, range),
    part: (name) => recordsOver(engine, partPrefix(prefix, name)),
  };
}

function placed(prefix: string, operation: RecordOperation): RecordOperation {
  return 'put' in operation
    ? { put: engineKey(prefix, operation.put), value: operation.value }
    : { remove: engineKey(prefix, operation.remove) };
}

function ranged(engine: Engine, prefix: string, range: RecordRange): AsyncIterable<readonly [string, Uint8Array]> {
  const limit = range.limit ?? Number.POSITIVE_INFINITY;
  const rows = engine.range({ ...engineBounds(prefix, range), limit, reverse: range.reverse ?? false });
  return (async function* () {
    for await (const [key, value] of rows) yield [key.slice(prefix.length), value] as const;
  })();
}
