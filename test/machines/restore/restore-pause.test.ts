import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restoreTaskWith } from '../../../machines/restore/restore-task.machine.ts';
import { runMachine } from '../../support/run-machine.ts';

test('a restore that was paused before its plan was there plans again, and does not end with nothing restored', async () => {
  let opened = 0;
  const machine = restoreTaskWith({
    openVersion: async () => {
      opened += 1;
      return opened === 1 ? new Promise(() => undefined) : { blocks: 1, resumed: false };
    },
    fetchWindow: async () => ({ cursor: null, short: 0, missed: [], damaged: 0, done: true }),
    verifyOutput: async () => ({ ok: true }),
    placeOutput: async () => undefined,
  });
  const { send, trace } = runMachine(machine, { input: { task: 't1', seed: 1 } });
  await send({ type: 'pause' });
  await send({ type: 'resume' });
  assert.equal(opened, 2);
  assert.deepEqual(trace.slice(-2), ['! restore.finished', 'restored']);
});
