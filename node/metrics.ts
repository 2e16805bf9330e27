import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Chapters } from './assembly/chapters.ts';
import type { Core } from './assembly/core.ts';
import type { Lifecycle } from './lifecycle.ts';

/** The metrics of a node; values are read when somebody asks, so an unwatched node spends nothing on them. */
export function createMetrics(parts: {
  readonly core: Core;
  readonly chapters: Chapters;
  readonly lifecycle: Lifecycle;
}): Registry {
  const { core, chapters, lifecycle } = parts;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'bitdust_' });
  const gauge = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    collect: (gauge: Gauge<L>) => void,
  ): void => {
    new Gauge<L>({
      name: `bitdust_${name}`,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        collect(this);
      },
    });
  };
  gauge('service_on', 'One for a service that is on.', ['service'], (metric) => {
    for (const row of lifecycle.services()) metric.set({ service: row.name }, row.state === 'on' ? 1 : 0);
  });
  gauge('automats', 'Running machines by machine and state.', ['machine', 'state'], (metric) => {
    for (const view of core.inspector.automats())
      if (view.status === 'active') metric.inc({ machine: view.machine, state: view.state });
  });
  gauge('links', 'Open links by transport.', ['transport'], (metric) => {
    for (const link of core.network.messenger.links()) metric.inc({ transport: link.transport });
  });
  gauge('blocks', 'Own blocks by safety.', ['safety'], (metric) => {
    const blocks = chapters.customer?.health.summary().blocks;
    if (!blocks) return;
    for (const safety of ['safe', 'enough', 'endangered', 'unreadable'] as const)
      metric.set({ safety }, blocks[safety]);
  });
  gauge('blocks_repaired', 'Blocks repaired since the start.', [], (metric) =>
    metric.set(chapters.customer?.rebuilders.counters().repaired ?? 0),
  );
  gauge('repair_sent_bytes', 'Bytes sent for repair since the start.', [], (metric) =>
    metric.set(chapters.customer?.rebuilders.counters().sentBytes ?? 0),
  );
  gauge('suppliers_connected', 'Suppliers that are connected.', [], (metric) =>
    metric.set(chapters.customer?.suppliers.seats().filter((seat) => seat.state === 'connected').length ?? 0),
  );
  gauge('donated_bytes', 'Space for others by kind.', ['kind'], (metric) => {
    const totals = chapters.supplier?.customers.totals();
    if (!totals) return;
    metric.set({ kind: 'donated' }, totals.donatedBytes);
    metric.set({ kind: 'promised' }, totals.promisedBytes);
    metric.set({ kind: 'used' }, totals.usedBytes);
    metric.set({ kind: 'trash' }, totals.trashBytes);
  });
  return registry;
}
