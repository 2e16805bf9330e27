import type { StatusAnswer } from '../api/status.ts';
import { readApiFile } from '../api-file.ts';
import type { Chapters } from '../assembly/chapters.ts';
import type { Core } from '../assembly/core.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { VERSION } from '../version.ts';

/** What the status of a node is gathered from. */
export interface StatusNeeds {
  readonly core: Core;
  readonly chapters: Chapters;
  readonly lifecycle: Lifecycle;
  readonly startedAt: number;
  readonly state: () => StatusAnswer['state'];
}

/** Everything a person wants to see first. */
export function statusOf({ core, chapters, lifecycle, startedAt, state }: StatusNeeds): StatusAnswer {
  const { config, world, self, network, paths } = core;
  const now = world.clock.now();
  const services = lifecycle.services();
  const { customer, supplier } = chapters;
  const target = customer?.suppliers.target() ?? { k: null, n: 0 };
  const summary = customer?.health.summary();
  const totals = supplier?.customers.totals();
  const api = readApiFile(paths);
  return {
    home: paths.home,
    pid: process.pid,
    version: VERSION,
    state: state(),
    startedAt: iso(startedAt),
    uptimeMs: Math.max(0, now - startedAt),
    person: self.person,
    device: self.device,
    nickname: self.nickname(),
    role: config.get('role'),
    api: { url: api?.url ?? null, socket: api?.socket ?? null, tokenFile: paths.token },
    page: null,
    bootstrap: [core.directory.address() ?? core.directoryAddress],
    addresses: [...network.listeners.addresses()],
    network: {
      state: network.connector.isUp() ? 'connected' : network.messenger.links().length > 0 ? 'impaired' : 'offline',
      name: config.get('network.name'),
      id: Buffer.from(self.networkId).toString('hex'),
      links: network.messenger.links().length,
    },
    directory: {
      state: network.member.isJoined() ? 'joined' : 'joining',
      neighbours: network.member.neighbours(),
    },
    services: {
      on: services.filter((row) => row.state === 'on').length,
      waiting: services.filter((row) => row.state === 'waiting' || row.state === 'starting').length,
      off: services.filter((row) => row.state === 'off' && row.reason === null).length,
      failed: services.filter((row) => row.state === 'coolingDown' || (row.state === 'off' && row.reason !== null))
        .length,
    },
    suppliers: {
      ...target,
      connected: customer?.suppliers.seats().filter((seat) => seat.state === 'connected').length ?? 0,
    },
    customers: {
      count: totals?.customers ?? 0,
      donatedBytes: totals?.donatedBytes ?? 0,
      promisedBytes: totals?.promisedBytes ?? 0,
      usedBytes: totals?.usedBytes ?? 0,
    },
    storage: {
      safety: summary?.safety ?? 'empty',
      blocks: summary?.blocks.total ?? 0,
      inDanger: (summary?.blocks.endangered ?? 0) + (summary?.blocks.unreadable ?? 0),
    },
    engine: core.store.engine,
    warnings: warningsOf(core),
  };
}

function warningsOf({ self, world }: Core): StatusAnswer['warnings'] {
  const { wordsConfirmed, recovery } = self.state();
  const warnings: StatusAnswer['warnings'] = [];
  if (!wordsConfirmed) {
    warnings.push({
      code: 'WORDS_NOT_CONFIRMED',
      message: 'The 24 words were not confirmed; without them a lost device cannot be replaced.',
      hint: 'bitdust id confirm-words',
    });
  }
  if (recovery !== null && recovery.readOnlyUntil > world.clock.now()) {
    warnings.push({
      code: 'REMOVAL_PAUSED',
      message: 'After the recovery nothing is removed until all suppliers have answered.',
      hint: null,
    });
  }
  return warnings;
}

/** A time in ms since 1970 as people and programs read it. */
export function iso(at: number): string {
  return new Date(at).toISOString();
}

/** The same for a time that may be unknown. */
export function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}
