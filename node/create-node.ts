import type { World } from '../ports/world.ts';
import { BitDustError } from '../protocol/errors.ts';
import { type ServiceName, serviceRow } from '../services/index.ts';
import type { Service } from '../services/kit/service.ts';
import { createBudgetKeeper } from '../services/system/budget-keeper.service.ts';
import type { ManagedService } from '../services/system/service-lifecycle.service.ts';
import { createWorkerPool } from '../services/system/worker-pool.service.ts';
import { createApi } from './api/call.ts';
import type { StatusAnswer } from './api/status.ts';
import { loadMeter, planAt } from './assembly/budget.ts';
import type { Chapters, CustomerPart } from './assembly/chapters.ts';
import { buildCore, type Core } from './assembly/core.ts';
import { buildIdentity } from './assembly/identity.ts';
import type { NodeConfig } from './config.ts';
import { createLifecycle, type Lifecycle } from './lifecycle.ts';
import { createMetrics } from './metrics.ts';
import type { BitDustNode } from './node.ts';
import { showIdentity } from './offline-identity.ts';
import { automatsOperations } from './operations/automats.ts';
import { configOperations, logsOperation } from './operations/config.ts';
import { customersOperations } from './operations/customers.ts';
import { eventsOperation } from './operations/events.ts';
import { identityOperations } from './operations/identity.ts';
import { servicesOperations } from './operations/services.ts';
import { statusOf } from './operations/status.ts';
import { storageOperations } from './operations/storage.ts';
import { suppliersOperations } from './operations/suppliers.ts';
import { tasksOperations } from './operations/tasks.ts';

/** A node together with the parts it was built of. */
export interface ComposedNode {
  readonly node: BitDustNode;
  readonly core: Core;
  readonly chapters: Chapters;
}

/** Builds a node of a home, in order and by hand. Its services run after `start`. */
export async function createNode(config: NodeConfig, world: World): Promise<BitDustNode> {
  return (await composeNode(config, world)).node;
}

/** The same node with its parts, for whoever watches it from inside its process. */
export async function composeNode(config: NodeConfig, world: World): Promise<ComposedNode> {
  const core = await buildCore(config, world);
  const identity = await buildIdentity(core);
  const chapters: Chapters = {
    identity,
    customer: config.get('services.customer.enabled')
      ? await (await import('./assembly/customer.ts')).buildCustomer(core, identity)
      : null,
    supplier: config.get('services.supplier.enabled')
      ? await (await import('./assembly/supplier.ts')).buildSupplier(core)
      : null,
  };
  const lifecycle = buildLifecycle(core, chapters);
  const ground = buildGround(core);
  const startedAt = world.clock.now();
  let state: StatusAnswer['state'] = 'starting';
  core.bus.subscribe(['node.started', 'node.recovered'], () => (state = 'running'));
  core.bus.subscribe(['node.degraded'], () => (state = 'degraded'));
  core.bus.subscribe(['node.stopping'], () => (state = 'stopping'));

  const status = (): StatusAnswer => statusOf({ core, chapters, lifecycle, startedAt, state: () => state });
  const api = createApi(buildOperations({ core, chapters, lifecycle, status }));
  const node: BitDustNode = {
    api,
    metrics: createMetrics({ core, chapters, lifecycle }),
    async start() {
      for (const service of ground) await service.start();
      await lifecycle.start();
    },
    async stop() {
      const { late } = await lifecycle.stop();
      for (const service of [...ground].reverse()) await service.stop();
      core.notices.stop();
      await core.store.close();
      await world.close?.();
      return { late };
    },
    health() {
      const down = lifecycle.services().filter((row) => row.enabled && row.state !== 'on');
      return {
        ok: down.length === 0,
        down: down.map((row) => ({ service: row.name, reason: row.reason ?? row.state })),
      };
    },
  };
  return { node, core, chapters };
}

/** Workers and budget run before and after all services. */
function buildGround({ bus, config, network, runtime, world, onFailure }: Core): readonly Service[] {
  const { random, workers } = world;
  const measure = loadMeter(network.messenger);
  return [
    createWorkerPool({ bus, runtime, random, workers, cores: world.cores ?? 2, onFailure }),
    createBudgetKeeper({
      bus,
      runtime,
      readPlan: async () => planAt(config.get('services.supplier.rate'), new Date(world.clock.now())),
      measureLoad: async () => measure(),
      onFailure,
    }),
  ];
}

function buildLifecycle(core: Core, chapters: Chapters): Lifecycle {
  const { bus, world, runtime, inspector, onFailure, network, contacts, handshakers } = core;
  const both = (first: Service, second: Service): Service => ({
    async start() {
      await first.start();
      await second.start();
    },
    async stop() {
      await second.stop();
      await first.stop();
    },
  });
  const built: readonly (readonly [ServiceName, Service | null])[] = [
    ['network', network.network],
    ['directory', network.directory],
    ['identity', chapters.identity],
    ['contacts', core.config.get('services.contacts.enabled') ? both(handshakers, contacts) : null],
    ['customer', chapters.customer?.service ?? null],
    ['supplier', chapters.supplier?.service ?? null],
  ];
  const services = built.flatMap(([name, service]) => (service ? [managed(name, service)] : []));
  return createLifecycle({
    bus,
    clock: world.clock,
    runtime,
    random: world.random,
    inspector,
    services,
    withoutIdentity: [],
    home: { open: async () => ({ hasIdentity: true }), close: async () => undefined },
    onFailure,
  });
}

function managed(name: ServiceName, service: Service): ManagedService {
  return {
    name,
    needs: serviceRow(name).needs,
    start: async () => void (await service.start()),
    stop: async () => void (await service.stop()),
  };
}

interface OperationParts {
  readonly core: Core;
  readonly chapters: Chapters;
  readonly lifecycle: Lifecycle;
  readonly status: () => StatusAnswer;
}

function buildOperations({ core, chapters, lifecycle, status }: OperationParts): Parameters<typeof createApi>[0] {
  const customer = (): CustomerPart => {
    if (!chapters.customer)
      throw new BitDustError('SERVICE_OFF', 'This node stores nothing: the service customer is off.');
    return chapters.customer;
  };
  const supplier = () => chapters.supplier;
  return {
    status: async () => status(),
    stop: async () => ({ stopped: true, pid: process.pid, late: [] }),
    ...identityOperations({ core, chapters, showIdentity }),
    services: servicesOperations({ lifecycle }),
    automats: automatsOperations(core),
    suppliers: suppliersOperations({ core, customer }),
    ...customersOperations({ core, supplier }),
    ...storageOperations({ core, customer, supplier }),
    config: configOperations({
      sources: { home: core.config.home },
      onChanged: (keys) => core.bus.publish({ type: 'settings.changed', keys }),
    }),
    tasks: tasksOperations(core),
    events: eventsOperation(core.events),
    logs: logsOperation(core.paths.logFile),
  };
}
