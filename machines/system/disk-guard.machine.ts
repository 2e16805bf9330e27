import { assign, emit, raise, setup } from 'xstate';
import type { Fact } from '../../bus/facts/index.ts';
import { type Effect, perform, port } from '../kit/port.ts';

export interface DiskProbe {
  /** The file that holds the store's id is there and holds it. */
  readonly markerFound: boolean;
  readonly writable: boolean;
  readonly freeBytes: number;
  /** Size of the volume; null when it is not known. */
  readonly totalBytes: number | null;
}

export interface DiskGuardInput {
  /** Name of the store folder. */
  readonly store: string;
}

export interface DiskGuardPorts {
  /** Reads the marker; with `write` also writes and removes a small file. */
  readonly probeDisk: Effect<{ store: string; write: boolean }, DiskProbe>;
}

type Event = { readonly type: 'stop' } | { readonly type: 'judge' } | Fact<'space.donation-changed' | 'host.woke'>;

interface Context extends DiskGuardInput {
  readonly probe: DiskProbe;
  readonly readChecks: number;
}

const LOW_BYTES = 1024 ** 3;
const LOW_SHARE = 0.01;
/** `low` is left only above this many times its bound, so that it does not flap. */
const LEAVE_LOW_FACTOR = 1.5;
/** Read checks between two write checks: 60 s against 5 min. */
const READ_CHECKS_MAX = 4;
const GONE: DiskProbe = { markerFound: false, writable: false, freeBytes: 0, totalBytes: null };

const guard = setup({
  types: {
    input: {} as DiskGuardInput,
    context: {} as Context,
    events: {} as Event,
    emitted: {} as Fact<'disk.recovered' | 'disk.became-low' | 'disk.became-unwritable' | 'disk.vanished'>,
  },
  actors: { probeDisk: port<DiskGuardPorts['probeDisk']>('probeDisk') },
  guards: {
    isAbsent: ({ context }) => !context.probe.markerFound,
    isUnwritable: ({ context }) => !context.probe.writable,
    isLow: ({ context }) => context.probe.freeBytes < lowBelow(context.probe),
    isStillLow: ({ context }) => context.probe.freeBytes < lowBelow(context.probe) * LEAVE_LOW_FACTOR,
  },
  actions: {
    noteProbe: assign(({ context }, params: DiskProbe) => ({
      probe: params,
      readChecks: context.readChecks >= READ_CHECKS_MAX ? 0 : context.readChecks + 1,
    })),
    noteSilence: assign({ probe: GONE }),
    writeNext: assign({ readChecks: READ_CHECKS_MAX }),
    judge: raise({ type: 'judge' }),
    announceRecovered: emit(({ context }) => ({ type: 'disk.recovered' as const, store: context.store })),
    announceUnwritable: emit(({ context }) => ({ type: 'disk.became-unwritable' as const, store: context.store })),
    announceVanished: emit(({ context }) => ({ type: 'disk.vanished' as const, store: context.store })),
    announceLow: emit(({ context }) => ({
      type: 'disk.became-low' as const,
      store: context.store,
      freeBytes: context.probe.freeBytes,
    })),
  },
  delays: { readCheckEvery: 60_000, probeTimeout: 10_000 },
});

/** The inside of every verdict: rest, then probe; every fifth probe also writes, which makes one in 5 min. */
const watching = guard.createStateConfig({
  initial: 'resting',
  states: {
    resting: { after: { readCheckEvery: 'probing' } },
    probing: {
      invoke: {
        src: 'probeDisk',
        input: ({ context }) => ({ store: context.store, write: context.readChecks >= READ_CHECKS_MAX }),
        onDone: { target: 'resting', actions: [{ type: 'noteProbe', params: ({ event }) => event.output }, 'judge'] },
        onError: { target: 'resting', actions: ['noteSilence', 'judge'] },
      },
      after: { probeTimeout: { target: 'resting', actions: ['noteSilence', 'judge'] } },
    },
  },
});

const probeNow = guard.createStateConfig({
  on: {
    'space.donation-changed': { target: '.probing', actions: 'writeNext' },
    'host.woke': { target: '.probing', actions: 'writeNext' },
  },
}).on;

/** Notices a missing, full or read-only disk before it is mistaken for lost data. */
export const diskGuardMachine = guard.createMachine({
  id: 'disk-guard',
  description: 'Notices a missing, full or read-only disk before it is mistaken for lost data.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({ ...input, probe: GONE, readChecks: READ_CHECKS_MAX }),
  initial: 'checking',
  on: {
    stop: '.stopped',
    judge: [
      { guard: 'isAbsent', target: '.absent' },
      { guard: 'isUnwritable', target: '.unwritable' },
      { guard: 'isLow', target: '.low' },
      { target: '.healthy' },
    ],
  },
  states: {
    checking: { ...watching, initial: 'probing' },
    healthy: { ...watching, on: probeNow },
    low: {
      ...watching,
      entry: 'announceLow',
      on: {
        ...probeNow,
        judge: [
          { guard: 'isAbsent', target: 'absent' },
          { guard: 'isUnwritable', target: 'unwritable' },
          { guard: 'isStillLow' },
          { target: 'healthy', actions: 'announceRecovered' },
        ],
      },
    },
    unwritable: {
      ...watching,
      entry: 'announceUnwritable',
      on: {
        ...probeNow,
        judge: [
          { guard: 'isAbsent', target: 'absent' },
          { guard: 'isUnwritable' },
          { guard: 'isLow', target: 'low' },
          { target: 'healthy', actions: 'announceRecovered' },
        ],
      },
    },
    absent: {
      ...watching,
      entry: 'announceVanished',
      on: {
        ...probeNow,
        judge: [
          { guard: 'isAbsent' },
          { guard: 'isUnwritable', target: 'unwritable' },
          { guard: 'isLow', target: 'low' },
          { target: 'healthy', actions: 'announceRecovered' },
        ],
      },
    },
    stopped: { type: 'final' },
  },
});

function lowBelow(probe: DiskProbe): number {
  return Math.max(LOW_BYTES, (probe.totalBytes ?? 0) * LOW_SHARE);
}

/** The machine with its ports given. */
export function diskGuardWith(ports: DiskGuardPorts) {
  return diskGuardMachine.provide({ actors: { probeDisk: perform(ports.probeDisk) } });
}
