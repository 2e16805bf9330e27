import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AnyStateMachine, createActor, fromPromise } from 'xstate';
import { MACHINES } from '../../machines/index.ts';
import { stateText } from '../../machines/kit/state-text.ts';
import { chartModel } from '../../node/charts/index.ts';
import { VirtualClock } from '../../node/worlds/virtual-clock.ts';
import { BitDustError, ERRORS, type ErrorCode } from '../../protocol/errors.ts';
import { settle } from '../support/settle.ts';

const PEER = 'bdd1peer';
const PERSON = 'bd1person';

/** Every field that inputs and facts of machines have, with a value of its type. */
const FIELDS = {
  versions: ['v1'],
  ...{
    task: 't1',
    set: 'photos',
    cursor: null,
    seed: 7,
    document: 'catalogue',
    supplier: PEER,
    seat: 1,
    owner: PERSON,
  },
  ...{
    ready: true,
    networkUp: true,
    peer: PEER,
    linked: false,
    closely: false,
    person: PERSON,
    revision: 1,
    bytes: 1_000,
  },
  ...{
    customer: PERSON,
    standing: 'active',
    nickname: null,
    wordsTicket: 'w',
    name: 'alice',
    joined: true,
    connected: true,
  },
  ...{
    link: 'l1',
    path: 'tcp://x',
    inbound: false,
    record: 'presence',
    transport: 'tcp',
    port: 1,
    block: 'ab',
    seats: [0, 1],
  },
  ...{
    fetch: 'f1',
    need: 4,
    hedgeAfterMs: 100,
    seatsWanted: 8,
    agreed: true,
    online: true,
    except: [],
    avoidGroups: [],
  },
  ...{ wasAway: false, store: 'pieces', service: 'network', needs: [], needsOn: [], workers: 2, reason: 'x', count: 1 },
  ...{ version: 'v1', mode: 'closed', up: 0, down: 0, background: 0, until: 1, neighbours: 3, held: 3, urgent: true },
  ...{
    blocks: 1,
    services: 1,
    late: [],
    addresses: [],
    keys: [],
    kinds: [],
    pieces: 1,
    queued: 3,
    device: PEER,
    repaired: 1,
  },
  ...{
    devices: [],
    pausedFor: null,
    entry: 'x',
    head: null,
    freeBytes: 1,
    cause: 'x',
    failed: [],
    missing: 1,
    strange: 0,
  },
};

type Step = { readonly send: number; readonly salt: number } | { readonly passMs: number } | { readonly settle: true };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ send: fc.nat(), salt: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ passMs: fc.constantFrom(1, 1_000, 30_000, 600_000, 7_200_000) }) },
  { weight: 1, arbitrary: fc.constant({ settle: true as const }) },
);

/** The machine with ports that refuse with some code or stay silent, as the numbers say. */
function withBadPorts(machine: AnyStateMachine, numbers: readonly number[]): AnyStateMachine {
  const codes = Object.keys(ERRORS) as ErrorCode[];
  let call = 0;
  const port = fromPromise(async () => {
    const number = numbers[call++ % numbers.length] ?? 0;
    if (number % 3 === 0) await new Promise(() => {});
    throw new BitDustError(codes[number % codes.length]!);
  });
  const names = Object.keys(machine.implementations.actors);
  return machine.provide({ actors: Object.fromEntries(names.map((name) => [name, port])) });
}

for (const { machine } of MACHINES) {
  test(`${machine.id}: no order of events, failures and silence breaks it`, async () => {
    const events = machine.events.filter((type) => !type.startsWith('xstate.'));
    const paths = new Set(chartModel(machine).states.map((state) => state.path));
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.array(fc.nat(), { minLength: 1 }),
        async (steps, numbers) => {
          const clock = new VirtualClock();
          const failures: unknown[] = [];
          const actor = createActor(withBadPorts(machine, numbers), { clock, input: FIELDS } as never);
          actor.subscribe({
            next: (snapshot) => {
              for (const path of stateText((snapshot as { value: string }).value).split(','))
                assert.ok(paths.has(path));
            },
            error: (error) => failures.push(error),
          });
          actor.start();
          for (const each of steps) {
            if ('send' in each && events.length > 0) {
              const type = events[each.send % events.length];
              actor.send({ ...FIELDS, seat: each.salt, type } as never);
            } else if ('passMs' in each) clock.advance(each.passMs);
            else await settle();
          }
          await settle();
          actor.stop();
          assert.deepEqual(failures, []);
        },
      ),
      { numRuns: 25 },
    );
  });
}
