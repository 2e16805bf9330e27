import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DiskProbe, diskGuardWith } from '../../../machines/system/disk-guard.machine.ts';
import { never, runMachine } from '../../support/run-machine.ts';

const GIB = 1024 ** 3;
const SOUND: DiskProbe = { markerFound: true, writable: true, freeBytes: 100 * GIB, totalBytes: 200 * GIB };

function run(probe: DiskProbe = SOUND) {
  const world = { probe, writes: [] as boolean[], isSilent: false };
  const run = runMachine(
    diskGuardWith({
      probeDisk: ({ write }, signal) => {
        world.writes.push(write);
        return world.isSilent ? never({}, signal) : Promise.resolve(world.probe);
      },
    }),
    { input: { store: 'pieces' } },
  );
  const verdict = (): string => run.state().split('.')[0]!;
  const verdicts = (): string[] => {
    const list = run.trace.map((line) => (line.startsWith('!') ? line : line.split('.')[0]!));
    return list.filter((line, at) => line !== list[at - 1]);
  };
  return { ...run, world, verdict, verdicts };
}

test('a sound disk is healthy without a word', async () => {
  const { settle, verdicts } = run();
  await settle();
  assert.deepEqual(verdicts(), ['checking', 'healthy']);
});

test('it looks every minute and writes every five', async () => {
  const { world, advance } = run();
  await advance(10 * 60_000);
  assert.deepEqual(world.writes, [true, false, false, false, false, true, false, false, false, false, true]);
});

test('a missing marker is a vanished disk, told once, and its return is told', async () => {
  const { world, settle, advance, verdicts } = run();
  await settle();
  world.probe = { ...SOUND, markerFound: false };
  await advance(180_000);
  world.probe = SOUND;
  await advance(60_000);
  assert.deepEqual(verdicts(), ['checking', 'healthy', '! disk.vanished', 'absent', '! disk.recovered', 'healthy']);
});

test('a disk that does not answer within 10 s counts as absent', async () => {
  const { world, settle, advance, verdict } = run();
  await settle();
  world.isSilent = true;
  await advance(69_999);
  assert.equal(verdict(), 'healthy');
  await advance(1);
  assert.equal(verdict(), 'absent');
});

test('low is below one gibibyte or one hundredth, and left only with half as much again', async () => {
  const { world, settle, advance, verdict, facts } = run();
  await settle();
  world.probe = { ...SOUND, freeBytes: 1.9 * GIB };
  await advance(60_000);
  assert.equal(verdict(), 'low');
  assert.deepEqual(facts, [{ type: 'disk.became-low', store: 'pieces', freeBytes: 1.9 * GIB }]);
  world.probe = { ...SOUND, freeBytes: 2.9 * GIB };
  await advance(60_000);
  assert.equal(verdict(), 'low');
  world.probe = { ...SOUND, freeBytes: 3.1 * GIB };
  await advance(60_000);
  assert.equal(verdict(), 'healthy');
  world.probe = { ...SOUND, freeBytes: 1.1 * GIB, totalBytes: null };
  await advance(60_000);
  assert.equal(verdict(), 'healthy');
});

test('a disk that cannot be written is unwritable, and may become worse', async () => {
  const { world, settle, advance, verdicts } = run();
  await settle();
  world.probe = { ...SOUND, writable: false };
  await advance(60_000);
  world.probe = { ...SOUND, markerFound: false, writable: false };
  await advance(60_000);
  assert.deepEqual(verdicts().slice(2), ['! disk.became-unwritable', 'unwritable', '! disk.vanished', 'absent']);
});

test('after a sleep and a changed donation it looks at once, and writes', async () => {
  const { world, settle, send } = run();
  await settle();
  await send({ type: 'host.woke' });
  await send({ type: 'space.donation-changed', bytes: 1 });
  assert.deepEqual(world.writes, [true, true, true]);
});
