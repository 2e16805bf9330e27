import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IncomingStream, PeerRequest } from '../../../ports/messenger.ts';
import { BitDustError } from '../../../protocol/errors.ts';
import { bytesOfBlock, bytesOfLog, keyOfDevice } from '../../../protocol/ids.ts';
import { createReceiver } from '../../../services/customers/receive-pieces.ts';
import { blockOf, customerWorld, SUPPLIER } from '../../support/customer-world.ts';
import { deviceOf, OWNER } from '../../support/log-writer.ts';
import { advanceSettled } from '../../support/settle.ts';

/** A stream that gives a byte whenever `pauseMs` have passed, and says when it was ended. */
function trickle(payload: Uint8Array, pause: () => Promise<void>) {
  let cancelled = false;
  const stream: IncomingStream = {
    length: payload.length,
    read: async function* () {
      for (const byte of payload) {
        await pause();
        yield Uint8Array.of(byte);
      }
    },
    collect: () => Promise.reject(new Error('pieces are not collected')),
    cancel: () => {
      cancelled = true;
    },
  };
  return { stream, isCancelled: () => cancelled };
}

async function upload(pauseMs: number, passMs: number) {
  const world = await customerWorld();
  await world.hire();
  await world.seat();
  const block = blockOf(1);
  await world.open([block]);
  const receive = createReceiver({
    self: { device: SUPPLIER },
    clock: world.clock,
    desk: { reader: () => OWNER, owner: () => OWNER, storer: () => OWNER },
    logs: world.logs,
    pieces: world.pieces,
    onFull: () => undefined,
    onUnexpected: (error) => world.failures.push(error),
  });
  const life = new AbortController();
  const pause = () => new Promise<void>((resolve) => void world.clock.setTimeout(resolve, pauseMs));
  const { stream, isCancelled } = trickle(block.payload, pause);
  const { device, log, seq } = block.row.order;
  const order = { device: keyOfDevice(device), log: bytesOfLog(log), seq };
  const root = block.row.roots.subarray(0, 32);
  const pieces = [{ block: bytesOfBlock(block.block), seat: 0, root, length: block.payload.length, order }];
  const done = receive({
    command: 'Data',
    from: { device: deviceOf(10), person: OWNER },
    owner: OWNER,
    payload: { pieces },
    streams: [stream],
    exporter: new Uint8Array(32),
    link: 'l',
    signal: life.signal,
  } satisfies PeerRequest);
  await advanceSettled(world.clock, passMs);
  return { world, done, life, isCancelled };
}

async function resultOf(done: ReturnType<ReturnType<typeof createReceiver>>): Promise<string | undefined> {
  return ((await done).payload['results'] as readonly { readonly result: string }[])[0]?.result;
}

test('a stream that stands still is ended after thirty seconds and holds no room any more', async () => {
  const { world, done, isCancelled } = await upload(3_600_000, 30_000);
  assert.equal(await resultOf(done), 'DEADLINE_PASSED');
  assert.ok(isCancelled());
  assert.equal(world.pieces.account(OWNER)?.reservedBytes, 0);
  assert.equal(world.pieces.account(OWNER)?.usedBytes, 0);
  await world.stop();
});

test('a byte a second holds its room no longer than the request may last', async () => {
  const { world, done, life, isCancelled } = await upload(1_000, 179_000);
  assert.ok((world.pieces.account(OWNER)?.reservedBytes ?? 0) > 0);
  life.abort(new BitDustError('DEADLINE_PASSED'));
  await advanceSettled(world.clock, 1_000);
  assert.equal(await resultOf(done), 'DEADLINE_PASSED');
  assert.ok(isCancelled());
  assert.equal(world.pieces.account(OWNER)?.reservedBytes, 0);
  await world.stop();
});
