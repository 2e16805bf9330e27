import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataSenderWith, type SentBatch } from '../../../machines/backup/data-sender.machine.ts';
import { deviceOf, OWNER } from '../../support/log-writer.ts';
import { runMachine } from '../../support/run-machine.ts';

const supplier = deviceOf(1);

function runWith(answers: readonly (SentBatch | Error)[], ready = true) {
  const left = [...answers];
  const machine = dataSenderWith({
    async sendBatch() {
      const next = left.shift() ?? { sent: 0, refused: null, left: 0 };
      if (next instanceof Error) throw next;
      return next;
    },
  });
  return runMachine(machine, { input: { supplier, seat: 2, ready, seed: 1 } });
}

test('sends batch after batch and rests when nothing is left', async () => {
  const run = runWith([
    { sent: 64, refused: null, left: 3 },
    { sent: 3, refused: null, left: 0 },
  ]);
  await run.settle();
  assert.deepEqual(run.trace, ['sending', '! pieces.delivered', '! pieces.delivered', 'idle']);
  assert.deepEqual(run.failures, []);
});

test('waits for a supplier who has not caught up, and begins when he has', async () => {
  const run = runWith([], false);
  assert.equal(run.state(), 'waiting');
  await run.send({ type: 'pieces.staged', task: 't1', pieces: 8 });
  assert.equal(run.state(), 'waiting');
  await run.send({ type: 'seat.caught-up', seat: 2, supplier });
  assert.equal(run.state(), 'idle');
});

test('names a refusal and tries again when the agreement has grown', async () => {
  const run = runWith([{ sent: 1, refused: 'no-room', left: 5 }]);
  await run.settle();
  assert.equal(run.state(), 'refused');
  assert.deepEqual(
    run.facts.map(({ type }) => type),
    ['pieces.delivered', 'delivery.refused'],
  );
  await run.send({ type: 'supplier.connected', owner: OWNER, supplier, bytes: 1 });
  assert.equal(run.state(), 'idle');
});

test('backs off after a failure and goes on by itself', async () => {
  const run = runWith([new Error('silent'), { sent: 2, refused: null, left: 0 }]);
  await run.settle();
  assert.equal(run.state(), 'backingOff');
  await run.advance(10_000);
  assert.equal(run.state(), 'idle');
  assert.deepEqual(
    run.facts.map(({ type }) => type),
    ['delivery.stalled', 'pieces.delivered'],
  );
});

test('pauses while the budget is closed, also over a break of the link', async () => {
  const run = runWith([]);
  await run.settle();
  const closed = { type: 'budget.changed', up: 0, down: null, background: null, mode: 'closed' } as const;
  await run.send(closed);
  await run.send({ type: 'send' });
  assert.equal(run.state(), 'paused');
  await run.send({ type: 'supplier.disconnected', owner: OWNER, supplier });
  await run.send({ type: 'supplier.connected', owner: OWNER, supplier, bytes: 1 });
  assert.equal(run.state(), 'paused');
  await run.send({ ...closed, mode: 'unlimited' });
  assert.equal(run.state(), 'idle');
});
