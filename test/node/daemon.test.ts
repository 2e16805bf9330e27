import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { connectNode } from '../../cli/client.ts';
import { type DaemonOptions, runDaemon } from '../../node/daemon.ts';
import { homePaths } from '../../node/home.ts';
import type { BitDustNode } from '../../node/node.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import { fakeParts } from '../support/fake-daemon.ts';
import { fakeOperations } from '../support/fake-operations.ts';

let folder = '';
let home = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitdust-daemon-'));
  home = join(folder, 'home');
  mkdirSync(home);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A daemon that was started, and the promise of its end. */
async function run(more: Partial<DaemonOptions> = {}) {
  const ready = Promise.withResolvers<void>();
  const abort = new AbortController();
  const ended = runDaemon({
    home,
    environment: {},
    parts: fakeParts(fakeOperations()),
    signal: abort.signal,
    onReady: () => ready.resolve(),
    ...more,
  });
  ended.catch(ready.reject);
  await ready.promise;
  return { ended, stop: () => abort.abort() };
}

test('a daemon tells how it is reached, answers there, and leaves nothing behind when it ends', async () => {
  const paths = homePaths(home);
  const { ended, stop } = await run();
  for (const file of [paths.apiFile, paths.token, paths.socket]) assert.equal(statSync(file).mode & 0o777, 0o600, file);
  assert.equal(JSON.parse(readFileSync(paths.apiFile, 'utf8')).pid, process.pid);
  const client = await connectNode(home);
  assert.equal((await client.call('status', {})).nickname, 'alice');
  const token = readFileSync(paths.token, 'utf8');
  stop();
  assert.deepEqual(await ended, { late: [] });
  for (const file of [paths.apiFile, paths.socket, paths.lock]) assert.equal(existsSync(file), false, file);
  const again = await run();
  assert.equal(readFileSync(paths.token, 'utf8'), token);
  again.stop();
  await again.ended;
});

test('stop over the API answers with who was late, and ends the daemon', async () => {
  const parts = fakeParts(fakeOperations());
  const late = async (...all: Parameters<typeof parts.createNode>): Promise<BitDustNode> => ({
    ...(await parts.createNode(...all)),
    stop: async () => ({ late: ['customer'] }),
  });
  const { ended } = await run({ parts: { ...parts, createNode: late } });
  const client = await connectNode(home);
  assert.deepEqual(await client.call('stop', {}), { stopped: true, pid: process.pid, late: ['customer'] });
  assert.deepEqual(await ended, { late: ['customer'] });
  await assert.rejects(client.call('status', {}), (error: unknown) => isBitDustError(error, 'NODE_NOT_RUNNING'));
});

test('a node that cannot start ends the daemon with its error, and frees the home', async () => {
  const { ended } = await run({ parts: fakeParts(fakeOperations(), { startFails: true }) });
  await assert.rejects(ended, (error: unknown) => isBitDustError(error, 'DISK_FULL'));
  const { ended: second, stop } = await run();
  stop();
  await second;
});

test('a home that is not there, or is in use, is refused before anything is opened', async () => {
  const missing = join(folder, 'none');
  await assert.rejects(run({ home: missing }), (error: unknown) => isBitDustError(error, 'IDENTITY_MISSING'));
  assert.equal(existsSync(missing), false);
  const { ended, stop } = await run();
  await assert.rejects(run(), (error: unknown) => isBitDustError(error, 'HOME_LOCKED'));
  assert.equal((await (await connectNode(home)).call('status', {})).nickname, 'alice');
  stop();
  await ended;
});
