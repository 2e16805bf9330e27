import type { NodeOperations } from '../api/index.ts';
import { type ConfigSources, configRow, loadConfig, setConfig } from '../config.ts';
import { readLog } from '../log-reader.ts';

/** What the configuration of a running node is read from, and who hears of a change. */
export interface ConfigOperationsNeeds {
  readonly sources: ConfigSources;
  /** Keys whose change counts at once are applied here; the others wait for the next start. */
  readonly onChanged: (keys: readonly string[]) => void | Promise<void>;
}

/** The configuration in effect, read anew each time, because its files can be edited. */
export function configOperations({ sources, onChanged }: ConfigOperationsNeeds): NodeOperations['config'] {
  return {
    list: async () => ({ values: [...(await loadConfig(sources)).rows()] }),
    get: async ({ key }) => configRow(await loadConfig(sources), key),
    set: async ({ key, value }) => {
      const change = await setConfig(sources, key, value);
      await onChanged([key]);
      return change;
    },
  };
}

/** The log of a running node, from its file. */
export function logsOperation(path: string): NodeOperations['logs'] {
  return async (query, { signal }) => readLog({ path, signal, ...query });
}
