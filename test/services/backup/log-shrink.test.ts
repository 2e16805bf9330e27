import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockIdOf, decodeBlockRecord } from '../../../protocol/block-record.ts';
import { createLogHolders } from '../../../services/backup/log-holders.ts';
import { createLogShrink } from '../../../services/backup/log-shrink.ts';
import { createMemoryStores } from '../../../storage/records/memory.ts';
import { createLogHolder } from '../../support/log-stores.ts';
import { recordOf } from '../../support/log-writer.ts';

const DAY_MS = 86_400_000;

async function setUp() {
  const holder = createLogHolder({ author: 10 });
  const log = await (await holder.open()).logs.own();
  const { records } = await createMemoryStores({ fraction: () => 0 })
    .engine()
    .open('sync');
  const world = { now: 0, atQuorum: true };
  const quorum = { isAtQuorum: async () => world.atQuorum } as never;
  const shrink = createLogShrink({
    log,
    holders: createLogHolders(records),
    quorum,
    clock: { now: () => world.now },
    forgotten: async () => new Set<string>(),
  });
  /** Five megabytes of opened blocks, of which some are given up again. */
  const fill = async (abandoned: number) => {
    for (let i = 0; i < 40; i += 1) {
      const large = Array.from({ length: 64 }, (_, j) =>
        recordOf(i * 64 + j, { k: 32, n: 64, size: 32 * 1024 * 1024 }),
      );
      await log.append([{ kind: 'open', body: { upload: '00'.repeat(16), records: large } }]);
      const blocks = large.map((record) => blockIdOf(decodeBlockRecord(record))).slice(0, abandoned);
      if (abandoned > 0) await log.append([{ kind: 'abandon', body: { blocks } }]);
    }
  };
  return { log, world, shrink, fill };
}

test('a log of which half no longer matters gets a checkpoint, and ninety days at the quorum later it is dropped', async () => {
  const { log, world, shrink, fill } = await setUp();
  assert.equal(await shrink.canShrink(), false);
  await fill(48);
  assert.equal(await shrink.canShrink(), true);
  assert.deepEqual(await shrink.shrink(), { wrote: true });
  const bytes = log.entryBytes();
  assert.equal(await shrink.canShrink(), false);
  world.now += 89 * DAY_MS;
  assert.equal(await shrink.canShrink(), false);
  world.now += DAY_MS;
  assert.equal(await shrink.canShrink(), true);
  assert.deepEqual(await shrink.shrink(), { wrote: false });
  assert.ok(log.entryBytes() * 2 < bytes);
  assert.equal(await shrink.canShrink(), false);
});

test('the ninety days begin when the checkpoint is at the quorum', async () => {
  const { world, shrink, fill } = await setUp();
  await fill(48);
  await shrink.shrink();
  world.atQuorum = false;
  await shrink.canShrink();
  world.now += 200 * DAY_MS;
  assert.equal(await shrink.canShrink(), false);
  world.atQuorum = true;
  assert.equal(await shrink.canShrink(), false);
  world.now += 90 * DAY_MS;
  assert.equal(await shrink.canShrink(), true);
});

test('a log that still matters is left as it is, and not weighed again at each look', async () => {
  const { log, shrink, fill } = await setUp();
  await fill(0);
  assert.equal(await shrink.canShrink(), true);
  assert.deepEqual(await shrink.shrink(), { wrote: false });
  assert.equal(await shrink.canShrink(), false);
  assert.deepEqual(log.checkpoints(), []);
});
