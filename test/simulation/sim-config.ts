import { CONFIG_KEY_NAMES, CONFIG_KEYS, type ConfigKeyName, type ConfigValue } from '../../node/config/keys.ts';
import { roleValues } from '../../node/config/roles.ts';
import type { NodeConfig } from '../../node/config.ts';

/** A configuration of defaults, role and overrides that no file was read for. */
export function simConfig(home: string, overrides: Partial<Record<ConfigKeyName, unknown>>): NodeConfig {
  const role = roleValues(String(overrides['role'] ?? 'full'), null);
  const values = new Map(
    CONFIG_KEY_NAMES.map((key) => {
      const written = key in overrides ? overrides[key] : key in role ? role[key] : CONFIG_KEYS[key].default;
      return [key, CONFIG_KEYS[key].schema.parse(written)];
    }),
  );
  return {
    home,
    get: <K extends ConfigKeyName>(key: K) => values.get(key) as ConfigValue<K>,
    origin: (key) => (key in overrides ? 'flag' : key in role ? 'role' : 'default'),
    rows: () => [],
  };
}
