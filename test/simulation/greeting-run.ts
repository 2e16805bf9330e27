import { createBus } from '../../bus/bus.ts';
import { createEventStream } from '../../node/event-stream.ts';
import { createInspector, createRuntime } from '../../node/inspector.ts';
import { type SeededWorlds, seededWorlds } from '../../node/worlds/seeded.ts';
import { createContactStatus } from '../../services/contacts/contact-status.service.ts';
import { createHandshakers } from '../../services/contacts/handshaker.service.ts';
import { createNetwork } from '../../services/network/network.ts';
import { traceHash } from '../support/replay.ts';
import { seededFakes } from '../support/seeded-fakes.ts';
import { selfOf } from '../support/self.ts';
import { advanceSettled, settle } from '../support/settle.ts';

const NETWORK_ID = new Uint8Array(32).fill(1);
const PORT = 7000;
const RUN_MS = 20 * 60_000;

/** One node of the chapters network and contacts in a seeded world, every transition and fact of it traced. */
async function startNode(
  worlds: SeededWorlds,
  name: string,
  bootstrap: readonly string[],
  add: (line: string) => void,
) {
  const world = worlds.world(name);
  const { clock, random, log, host } = world;
  const self = selfOf(name, { networkId: NETWORK_ID });
  const bus = createBus((error) => add(`${name} broken listener ${String(error)}`));
  const stream = createEventStream({ now: () => clock.now() });
  const inspector = createInspector({ now: () => clock.now(), nextSeq: stream.nextSeq });
  const runtime = createRuntime({ clock, inspector });
  inspector.watch();
  inspector.onTransition(({ seq, at, automat, event, from, to }) => {
    add(`${name} ${seq} ${at} ${automat} ${event}: ${from} -> ${to}`);
  });
  bus.tap((fact) => add(`${name} ${clock.now()} ${JSON.stringify(fact)}`));
  const { records } = await world.stores.open('/records');
  const network = createNetwork({
    ...{ bus, runtime, clock, random, log, host, self, records },
    sessions: world.sessions({ device: self.device, signer: self.signer, networkId: NETWORK_ID }),
    transports: world.transports,
    directory: world.directory({ networkId: NETWORK_ID, bootstrap, port: PORT, host: name, folder: null }),
    listenHost: name,
    port: () => PORT,
    reachable: 'public',
  });
  const { identities, addressBook, messenger, isLinked } = network;
  const onFailure = (key: string, error: unknown): void => add(`${name} failed ${key} ${String(error)}`);
  const handshakers = createHandshakers({
    ...{ bus, runtime, identities, addressBook, messenger, isLinked, onFailure },
    exchange: (peer) => messenger.greet(peer),
  });
  const contacts = createContactStatus({
    ...{ bus, runtime, clock, random, handshakers, isLinked, onFailure },
    records: records.part('presence'),
    isNetworkUp: () => network.connector.isUp(),
  });
  for (const part of [network.network, network.directory, handshakers, contacts]) await part.start();
  return { self, handshakers, world };
}

/** Two nodes find and greet each other, one loses its network for a while; gives the hash of all that happened. */
export async function greetingRun(seed: number) {
  const trace = traceHash();
  const worlds = seededWorlds(seed, seededFakes, {
    wires: { latencyMs: 20, jitterMs: 30, lossProbability: 0.02 },
    directoryMs: 15,
  });
  const lines: string[] = [];
  const add = (line: string): void => {
    trace.add(line);
    lines.push(line);
  };
  const starting = startNode(worlds, 'alice', [], add);
  await advanceSettled(worlds.clock, 1_000);
  const alice = await starting;
  const startingBob = startNode(worlds, 'bob', [`alice:${PORT}`], add);
  await advanceSettled(worlds.clock, 5_000);
  const bob = await startingBob;
  let outcome = 'pending';
  void bob.handshakers.greet(alice.self.device).then((answer) => {
    outcome = answer.outcome;
  });
  await advanceSettled(worlds.clock, 60_000);
  alice.world.host.plug(false);
  await advanceSettled(worlds.clock, 120_000);
  alice.world.host.plug(true);
  await advanceSettled(worlds.clock, RUN_MS);
  await settle();
  return { hash: trace.digest(), lines, outcome };
}

if (process.argv[1] === import.meta.filename) {
  const { hash, lines, outcome } = await greetingRun(Number(process.argv[2]));
  console.log(JSON.stringify({ hash, lines: lines.length, outcome }));
}
