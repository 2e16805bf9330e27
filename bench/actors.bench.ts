import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createActor } from 'xstate';
import { contactStatusWith } from '../machines/contacts/contact-status.machine.ts';
import { createInspector, createRuntime, type Inspector } from '../node/inspector.ts';
import type { Clock } from '../ports/world.ts';
import type { DeviceId } from '../protocol/ids.ts';
import { ActorPool } from '../services/kit/actor-pool.ts';
import { type BenchRow, median, rounded } from './kit.ts';
import { benchClock } from './session-peer.ts';

const ACTORS = 10_000;
const EVENTS = 40_000;
const RUNS = 5;
const HEARD = { type: 'peer.heard', peer: 'd' as DeviceId } as const;

/** A machine of the node that waits with one timer, takes an event at once and calls nobody. */
const machine = contactStatusWith({ greet: () => Promise.resolve('met' as const) });

/** Ten thousand actors of it, however they are kept. */
interface Crowd {
  readonly send: (index: number) => void;
  readonly close: () => void;
}

function inputOf(index: number) {
  return { peer: `d${index}` as DeviceId, seed: index, linked: false, networkUp: true, closely: false };
}

function openBare(clock: Clock): Crowd {
  const actors = Array.from({ length: ACTORS }, (_, index) => {
    const actor = createActor(machine, { clock, input: inputOf(index) });
    // Whoever keeps actors at all listens to their facts and to their end.
    actor.on('*', () => {});
    actor.subscribe({ complete: () => {}, error: () => {} });
    return actor.start();
  });
  return {
    send: (index) => actors[index]?.send(HEARD as never),
    close: () => {
      for (const actor of actors) actor.stop();
    },
  };
}

function openPool(clock: Clock, inspector: Inspector): Crowd {
  const pool = new ActorPool({
    machine,
    runtime: createRuntime({ clock, inspector }),
    actorsMax: ACTORS,
    onEmit: () => {},
    onFailure: (_key, error) => {
      throw error;
    },
  });
  const keys = Array.from({ length: ACTORS }, (_, index) => `d${index}`);
  for (const [index, key] of keys.entries()) pool.open(key, inputOf(index));
  return { send: (index) => pool.send(keys[index] ?? '', HEARD as never), close: () => pool.closeAll() };
}

function newInspector(watched: boolean): Inspector {
  let seq = 0;
  const inspector = createInspector({
    now: () => Date.now(),
    nextSeq: () => {
      seq += 1;
      return seq;
    },
  });
  if (watched) inspector.watch();
  return inspector;
}

const WAYS: readonly { readonly name: string; readonly open: () => Crowd }[] = [
  { name: 'bare XState', open: () => openBare(benchClock) },
  { name: 'inspector off', open: () => openPool(benchClock, newInspector(false)) },
  { name: 'inspector on', open: () => openPool(benchClock, newInspector(true)) },
];

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

interface Sample {
  readonly createdPerSecond: number;
  readonly eventsPerSecond: number;
  readonly bytesPerActor: number;
}

function sampleOf(open: () => Crowd, collect: () => void): Sample {
  collect();
  const heapBefore = process.memoryUsage().heapUsed;
  const begin = performance.now();
  const crowd = open();
  const opened = performance.now();
  collect();
  const heapBytes = process.memoryUsage().heapUsed - heapBefore;
  const sending = performance.now();
  for (let index = 0; index < EVENTS; index += 1) crowd.send(index % ACTORS);
  const sent = performance.now();
  crowd.close();
  return {
    createdPerSecond: ACTORS / ((opened - begin) / 1000),
    eventsPerSecond: EVENTS / ((sent - sending) / 1000),
    bytesPerActor: heapBytes / ACTORS,
  };
}

/** Events taken, actors made and memory held by actors in a pool, with and without the inspector, beside XState alone. */
export async function run(): Promise<readonly BenchRow[]> {
  const collect = collector();
  const samples = WAYS.map(() => [] as Sample[]);
  for (let turn = 0; turn <= RUNS; turn += 1) {
    for (const [which, { open }] of WAYS.entries()) {
      const sample = sampleOf(open, collect);
      if (turn > 0) samples[which]?.push(sample);
    }
  }
  const figures: readonly { readonly what: string; readonly unit: string; readonly key: keyof Sample }[] = [
    { what: 'transitions', unit: '/s', key: 'eventsPerSecond' },
    { what: 'actors created', unit: '/s', key: 'createdPerSecond' },
    { what: 'bytes per idle actor', unit: 'B', key: 'bytesPerActor' },
  ];
  return figures.flatMap(({ what, unit, key }) => {
    const medians = samples.map((taken) => median(taken.map((sample) => sample[key])));
    return WAYS.map(({ name }, which) => ({
      name: `${what}, ${name}`,
      runs: RUNS,
      median: rounded(medians[which] ?? Number.NaN),
      unit,
      ratio: which === 0 ? null : rounded((medians[which] ?? Number.NaN) / (medians[0] ?? Number.NaN)),
      against: which === 0 ? null : 'bare XState',
      actors: ACTORS,
    }));
  });
}
