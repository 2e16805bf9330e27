/** Chapter system: the node's own life, services, workers, budget, disk. */
export interface SystemFacts {
  'node.started': { readonly services: number };
  'node.degraded': { readonly services: readonly string[] };
  'node.recovered': Record<never, never>;
  'node.stopping': Record<never, never>;
  'node.stopped': { readonly late: readonly string[] };
  'service.started': { readonly service: string };
  'service.stopped': { readonly service: string };
  'service.failed': { readonly service: string; readonly reason: string };
  'service.recovered': { readonly service: string };
  'workers.saturated': { readonly queued: number };
  'workers.relieved': Record<never, never>;
  /** Bytes a second; null is no limit. `background` is the share of repair and scrub. */
  'budget.changed': {
    readonly up: number | null;
    readonly down: number | null;
    readonly background: number | null;
    readonly mode: 'unlimited' | 'limited' | 'yielding' | 'closed';
  };
  'disk.recovered': { readonly store: string };
  'disk.became-low': { readonly store: string; readonly freeBytes: number };
  'disk.became-unwritable': { readonly store: string };
  'disk.vanished': { readonly store: string };
  'host.woke': Record<never, never>;
  'settings.changed': { readonly keys: readonly string[] };
  'space.donation-changed': { readonly bytes: number };
}
