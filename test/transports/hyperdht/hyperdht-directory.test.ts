import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createHyperdhtDirectory } from '../../../transports/hyperdht/hyperdht-directory.ts';
import { directoryCompliance } from '../../compliance/directory.ts';
import { memoryDisk } from './memory-disk.ts';

const clock = { now: () => Date.now(), setTimeout, clearTimeout: (timer: unknown) => clearTimeout(timer as never) };
const random = { bytes: (length: number) => Uint8Array.from(randomBytes(length)), fraction: Math.random };
const needs = { clock, random, disk: memoryDisk() };

directoryCompliance(() => {
  let port = 20_000 + (process.pid % 20_000);
  return {
    name: 'hyperdht',
    host: '127.0.0.1',
    nextPort: () => port++,
    nowSeconds: () => Math.floor(Date.now() / 1000),
    make: ({ keeps = false, ...options }) =>
      createHyperdhtDirectory({ ...options, host: '127.0.0.1', folder: keeps ? `/held/${options.port}` : null }, needs),
    close: async () => undefined,
  };
});

test('a directory without its bootstrap list is never made, so the public network is never joined', () => {
  const options = { networkId: null, port: 20_000, host: '127.0.0.1', folder: null };
  assert.throws(() => createHyperdhtDirectory(options as never, needs), { code: 'BAD_INPUT' });
  assert.throws(() => createHyperdhtDirectory({ ...options, bootstrap: [], port: 0 }, needs), { code: 'BAD_INPUT' });
});
