import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ContactStatusPorts, contactStatusWith } from '../../../machines/contacts/contact-status.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const BOB = 'bdd1bob' as const;
const heard = { type: 'peer.heard', peer: BOB } as const;
const absent = async () => Promise.reject(new Error('nobody'));

function run(
  greet: ContactStatusPorts['greet'],
  level: { linked?: boolean; networkUp?: boolean; closely?: boolean } = {},
) {
  const { linked = false, networkUp = true, closely = true } = level;
  const input = { peer: BOB, seed: 1, linked, networkUp, closely };
  const ran = runMachine(contactStatusWith({ greet }), { input });
  return { ...ran, said: () => ran.facts.map(({ type }) => type) };
}

test('a peer that answers is online, one that does not is offline', async () => {
  const present = run(async () => 'met');
  await present.send({ type: 'probe' });
  assert.deepEqual(present.trace, ['unknown', 'probing', '! contact.came-online', 'online']);
  const gone = run(absent);
  await gone.send({ type: 'probe' });
  assert.deepEqual(gone.trace, ['unknown', 'probing', '! contact.went-offline', 'offline']);
});

test('a peer with a link at the start is online at once', () => {
  assert.deepEqual(run(never, { linked: true }).trace, ['! contact.came-online', 'online']);
});

test('words keep a closely watched peer online; a minute of silence probes it', async () => {
  let probes = 0;
  const { state, send, advance } = run(async () => {
    probes += 1;
    return 'met';
  });
  await send(heard);
  await advance(59_000);
  await send(heard);
  await advance(59_999);
  assert.equal(probes, 0);
  await advance(1);
  assert.deepEqual([probes, state()], [1, 'online']);
});

test('a loosely watched peer is probed after five minutes', async () => {
  let probes = 0;
  const { send, advance } = run(
    async () => {
      probes += 1;
      return 'met';
    },
    { closely: false },
  );
  await send(heard);
  await advance(299_999);
  assert.equal(probes, 0);
  await advance(1);
  assert.equal(probes, 1);
});

test('a word from one who was away brings him back without a probe', async () => {
  const { said, send } = run(absent);
  await send({ type: 'probe' });
  await send(heard);
  assert.deepEqual(said(), ['contact.went-offline', 'contact.came-online']);
});

test('a broken link probes before it judges', async () => {
  const { said, state, send } = run(async () => 'met', { linked: true });
  await send({ type: 'link.closed', peer: BOB, cause: 'broken' });
  assert.equal(state(), 'online');
  assert.deepEqual(said(), ['contact.came-online']);
});

test('our own outage suspends the judgement and announces nothing', async () => {
  let greet: () => Promise<'met'> = absent;
  const { said, state, send, advance } = run(() => greet(), { linked: true });
  await send({ type: 'network.disconnected' });
  await send({ type: 'link.closed', peer: BOB, cause: 'broken' });
  await advance(3_600_000);
  assert.deepEqual([state(), said()], ['suspended', ['contact.came-online']]);
  greet = async () => 'met';
  await send({ type: 'network.connected' });
  assert.deepEqual([state(), said()], ['online', ['contact.came-online']]);
});

test('who is watched while the network is down is judged when it comes back', async () => {
  const { state, said, send, settle } = run(async () => 'met', { networkUp: false });
  await settle();
  assert.deepEqual([state(), said()], ['suspended', []]);
  await send({ type: 'network.connected' });
  assert.deepEqual([state(), said()], ['online', ['contact.came-online']]);
});

test('an absent peer is asked less and less often, and the outage that ends resets it', async () => {
  let probes = 0;
  const { send, advance } = run(async () => {
    probes += 1;
    throw new Error('nobody');
  });
  await send({ type: 'probe' });
  await advance(24 * 3_600_000);
  assert.ok(probes > 20 && probes < 400, `${probes} probes in a day`);
  const before = probes;
  await send({ type: 'network.disconnected' });
  await send({ type: 'network.connected' });
  assert.equal(probes, before + 1);
  await advance(61_000);
  assert.ok(probes > before + 1);
});

test('a full house judges nobody', async () => {
  const { said, state, send } = run(async () => 'later');
  await send({ type: 'probe' });
  assert.deepEqual([state(), said()], ['unknown', []]);
});

test('a hanging greeting counts as absence after its deadline', async () => {
  const { said, send, advance } = run(never);
  await send({ type: 'probe' });
  await advance(20_000);
  assert.deepEqual(said(), ['contact.went-offline']);
});
