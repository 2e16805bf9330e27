import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BlockRebuilderPorts, blockRebuilderWith } from '../../../machines/rebuild/block-rebuilder.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

function run(ports: Partial<BlockRebuilderPorts> = {}) {
  return runMachine(
    blockRebuilderWith({
      isStillWanted: async () => 'wanted',
      gather: async () => ({ enough: true }),
      recode: async () => undefined,
      place: async ({ seats }) => ({ placed: seats }),
      confirm: async ({ seats }) => ({ proven: seats }),
      ...ports,
    }),
    { input: { block: 'b1', seats: [2, 5] } },
  );
}

test('a repair counts when the new holders have proved their pieces', async () => {
  const { trace, facts, settle } = run({ confirm: async () => ({ proven: [5] }) });
  await settle();
  assert.deepEqual(trace, [
    'checkingNeed',
    'gathering',
    'recoding',
    'placing',
    'checkingAgain',
    'confirming',
    '! block.repaired',
    'repaired',
  ]);
  assert.deepEqual(facts, [{ type: 'block.repaired', block: 'b1', seats: [5] }]);
});

test('only those who took a piece are challenged', async () => {
  const challenged: (readonly number[])[] = [];
  const { settle } = run({
    place: async () => ({ placed: [2] }),
    confirm: async ({ seats }) => {
      challenged.push(seats);
      return { proven: seats };
    },
  });
  await settle();
  assert.deepEqual(challenged, [[2]]);
});

test('a block that is wanted no more is left alone, before and after the work', async () => {
  const before = run({ isStillWanted: async () => 'obsolete' });
  await before.settle();
  assert.deepEqual(before.trace, ['checkingNeed', 'obsolete']);
  let asked = 0;
  const after = run({ isStillWanted: async () => (asked++ === 0 ? 'wanted' : 'obsolete') });
  await after.settle();
  assert.deepEqual(after.trace.slice(-2), ['checkingAgain', 'obsolete']);
  assert.deepEqual(after.facts, []);
});

test('too few pieces, nobody who takes one and nobody who proves it are all short', async () => {
  for (const ports of [
    { gather: async () => ({ enough: false }) },
    { place: async () => ({ placed: [] }) },
    { confirm: async () => ({ proven: [] }) },
  ] satisfies Partial<BlockRebuilderPorts>[]) {
    const { state, facts, settle } = run(ports);
    await settle();
    assert.equal(state(), 'short');
    assert.deepEqual(facts, []);
  }
});

test('a step that fails or hangs ends short, and cancelling does', async () => {
  for (const port of ['isStillWanted', 'gather', 'recode', 'place', 'confirm'] as const) {
    const failing = run({ [port]: () => Promise.reject(new Error('gone')) });
    await failing.settle();
    assert.equal(failing.state(), 'short', port);
    assert.deepEqual(failing.failures, []);
    const hanging = run({ [port]: never });
    await hanging.advance(180_000);
    assert.equal(hanging.state(), 'short', port);
  }
  const cancelled = run({ gather: never });
  await cancelled.send({ type: 'cancel' });
  assert.equal(cancelled.state(), 'short');
});
