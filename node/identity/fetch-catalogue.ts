import type { Records } from '../../ports/records.ts';
import type { SeatView } from '../../ports/suppliers.ts';
import type { World } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { createCatalogue } from '../../services/backup/catalogue/catalogue.ts';
import { createCatalogueSynchronizer } from '../../services/backup/catalogue-synchronizer.service.ts';
import type { Recovered } from '../../services/identity/recovery.ts';
import { untilAborted } from '../../services/kit/until-aborted.ts';
import { createBlockFetchers } from '../../services/restore/block-fetcher.service.ts';
import { createBlockSource } from '../../services/restore/block-source.ts';
import { createSeatSpeeds } from '../../services/suppliers/seat-speeds.ts';
import { createOrderLogs } from '../../storage/order-logs/order-logs.ts';
import { createPipeline } from '../../storage/pipeline/pipeline.ts';
import type { JoinedNetwork } from './recovery-network.ts';

/** What a recovered person has stored: the newest version of each set. */
export interface FetchedCatalogue {
  readonly sets: number;
  readonly versions: number;
  readonly files: number;
  readonly bytes: number;
  readonly newestAt: number | null;
}

export interface FetchCatalogueOptions {
  readonly recovered: Recovered;
  readonly joined: JoinedNetwork;
  /** Of the new home. */
  readonly records: Records;
  readonly signal: AbortSignal;
}

/** Brings index and versions into the new home. `isWhole` is false when an index object could not be read or rebuilt yet. */
export async function fetchCatalogue(
  world: World,
  options: FetchCatalogueOptions,
): Promise<{ readonly isWhole: boolean; readonly catalogue: FetchedCatalogue }> {
  const { joined, signal } = options;
  const { bus, runtime } = joined;
  const { random } = world;
  const { log, catalogue, source, pipeline, fetchers, self } = await openParts(world, options);
  const onFailure = (key: string, error: unknown): void =>
    world.log.write('error', 'identity', 'The catalogue was not fetched.', 'INTERNAL', { key, error: String(error) });
  const needs = { bus, runtime, random, self, log, catalogue, pipeline, onFailure };
  const synchronizer = createCatalogueSynchronizer({ ...needs, source: () => source, isLogKnown: () => true });
  const ended = Promise.withResolvers<boolean>();
  const unsubscribe = bus.subscribe(['document.in-sync', 'document.unavailable'], ({ type }) =>
    ended.resolve(type === 'document.in-sync'),
  );
  try {
    await catalogue.load();
    await synchronizer.start();
    const isWhole = await untilAborted(ended.promise, signal);
    return { isWhole, catalogue: await summary(catalogue.opened) };
  } finally {
    unsubscribe();
    await synchronizer.stop();
    await fetchers.stop();
  }
}

async function openParts(world: World, { recovered, joined, records }: FetchCatalogueOptions) {
  const { clock, random } = world;
  const { bus, runtime, messenger } = joined;
  const { file, state } = recovered.identity;
  const self = { ...joined.self, secrets: () => state.secrets };
  const identities = {
    get: () => undefined,
    lists: (person: PersonId) => person === self.person,
  };
  const author = { person: self.person, device: self.device, signer: self.signer, revision: () => file.head.revision };
  const { networkId } = recovered;
  const logs = createOrderLogs({ records: records.part('logs'), networkId, clock, random, identities, author });
  const log = await logs.own();
  const pipeline = createPipeline({ workers: world.workers });
  const fetchers = createBlockFetchers({
    bus,
    runtime,
    self,
    messenger,
    clock,
    speeds: createSeatSpeeds(),
    suppliers: { seat: (seat) => seatView(log, seat) },
    // What a seat lacks is measured by the running node.
    health: { pieceLost: async () => undefined, block: async () => undefined },
    cached: async () => new Map(),
    onFailure: () => undefined,
  });
  const source = createBlockSource({ log, fetchers, pipeline });
  const catalogue = createCatalogue({
    records: records.part('customer').part('backup').part('catalogue'),
    log,
    sync: { append: () => Promise.reject(new BitDustError('INTERNAL', 'Nothing is written while recovering.')) },
    self,
    source: () => source,
    health: { safetyOf: async () => 'unknown' },
    random,
  });
  return { log, catalogue, source, pipeline, fetchers, self };
}

function seatView(log: Pick<Recovered['log'], 'family'>, seat: number): SeatView | undefined {
  const found = log.family()?.seats.find((one) => one.seat === seat);
  if (found === undefined) return undefined;
  const { person, device } = found;
  const unknown = { since: 0, hiredAt: null, seenAt: null, contract: null, reason: null, caughtUp: true, domain: null };
  return { seat, person, device, state: 'connected', ...unknown };
}

async function summary(opened: ReturnType<typeof createCatalogue>['opened']): Promise<FetchedCatalogue> {
  const { versions } = await opened.read();
  const kept = versions.filter(({ retiredAt }) => retiredAt === null).map(({ entry }) => entry);
  const newest = new Map<string, (typeof kept)[number]>();
  for (const entry of kept) if ((newest.get(entry.set)?.at ?? 0) <= entry.at) newest.set(entry.set, entry);
  const sets = [...newest.values()];
  return {
    sets: sets.length,
    versions: kept.length,
    files: sets.reduce((sum, { files }) => sum + files, 0),
    bytes: sets.reduce((sum, { bytes }) => sum + bytes, 0),
    newestAt: kept.length === 0 ? null : Math.max(...kept.map(({ at }) => at)),
  };
}
