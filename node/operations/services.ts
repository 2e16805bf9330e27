import type { NodeOperations } from '../api/index.ts';
import type { serviceRow } from '../api/services.ts';
import type { Lifecycle, ServiceView } from '../lifecycle.ts';
import { iso } from './status.ts';

type Row = import('zod').output<typeof serviceRow>;

function row(view: ServiceView): Row {
  const { state } = view;
  const known = ['off', 'waiting', 'starting', 'on', 'coolingDown', 'stopping'].includes(state);
  return {
    ...view,
    needs: [...view.needs],
    state: (known ? state : 'stopping') as Row['state'],
    since: iso(view.since),
  };
}

/** What can be switched on, seen and restarted. */
export function servicesOperations({ lifecycle }: { readonly lifecycle: Lifecycle }): NodeOperations['services'] {
  return {
    list: async () => ({ services: lifecycle.services().map(row) }),
    start: async ({ service }) => row(await lifecycle.switchOn(service)),
    stop: async ({ service }) => row(await lifecycle.switchOff(service)),
    restart: async ({ service }) => row(await lifecycle.restart(service)),
    health: async ({ service }) => {
      const view = lifecycle.services().find((one) => one.name === service);
      const found = row(view ?? (await lifecycle.switchOn(service)));
      const isOn = found.state === 'on';
      const message = isOn ? 'It is on.' : (found.reason ?? `It is ${found.state}.`);
      return {
        ...found,
        healthy: isOn || !found.enabled,
        checks: [{ name: 'lifecycle', ok: isOn || !found.enabled, message }],
      };
    },
  };
}
