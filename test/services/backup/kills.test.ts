import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { textBytes } from '../../../protocol/hash.ts';
import { createBackupWorld, until } from '../../support/backup-world.ts';
import { countingRandom } from '../../support/own-backups.ts';

const content = countingRandom('kills');

function fill(folder: string, files: number, bytes: number): void {
  mkdirSync(folder, { recursive: true });
  for (let number = 0; number < files; number += 1) {
    writeFileSync(join(folder, `f${number}.bin`), Buffer.alloc(bytes, content.bytes(997)));
  }
}

/** Payload of one full block at 4/8 with its redundancy. */
const BLOCK_SENT_BYTES = 2 * 8 * 1024 * 1024;

describe('backup and kills', () => {
  it('goes on after a kill at any moment, loses nothing acknowledged and sends at most one block again', async () => {
    for (let round = 0; round < 20; round += 1) {
      let left = 1 + Math.floor(content.fraction() * 70);
      let killed = false;
      const world = await createBackupWorld({
        moment: () => {
          left -= 1;
          if (left !== 0) return;
          killed = true;
          world.kill();
          throw new Error('killed');
        },
      });
      const source = join(world.folder, 'src');
      fill(source, 30, 600_000);
      const first = await world.open();
      const { task } = await first.backupTasks.begin('src', [textBytes(source)]);
      await until('killed or done', () => killed || first.tasks.get(task)?.state !== 'running');
      await first.stop();
      world.kill();
      const acknowledged = world.seats.map((seat) => new Set(seat.pieces.keys()));
      const again = await world.open();
      if (killed) await until('done after the kill', () => again.tasks.get(task)?.state === 'done');
      const [version] = await again.catalogue.versions();
      assert.ok(version !== undefined, `round ${round}`);
      assert.ok(world.repeatedBytes() <= BLOCK_SENT_BYTES, `round ${round}: ${world.repeatedBytes()} bytes again`);
      for (const seat of world.seats) {
        for (const block of acknowledged[seat.seat]!) assert.ok(seat.pieces.has(block));
      }
      for (const block of await again.catalogue.blocksOf(version.version)) {
        await until(`round ${round}: safe`, async () => (await again.health.block(block))?.held === 8);
      }
      await again.stop();
      world.end();
    }
  });

  it('gives a block up whose source changed after a kill, and never sends other bytes under its name', async () => {
    let killed = false;
    const world = await createBackupWorld({
      moment: (name) => {
        if (name !== 'request Data' || killed) return;
        killed = true;
        world.kill();
        throw new Error('killed');
      },
    });
    const source = join(world.folder, 'src');
    fill(source, 3, 50_000);
    const first = await world.open();
    const { task } = await first.backupTasks.begin('src', [textBytes(source)]);
    await until('killed', () => killed);
    await first.stop();
    fill(source, 3, 60_000);
    const again = await world.open();
    await until('done', () => again.tasks.get(task)?.state === 'done');
    const standings: string[] = [];
    for await (const row of again.log.eachBlock()) standings.push(row.standing);
    assert.deepEqual(standings.toSorted(), ['abandoned', 'committed']);
    assert.equal(again.health.summary().blocks.total, 1);
    await again.stop();
    world.end();
  });
});

describe('backup without all suppliers', () => {
  it('has a version with two suppliers of which one is away, and goes on when he is back', async () => {
    const world = await createBackupWorld({ seats: 2 });
    const source = join(world.folder, 'src');
    fill(source, 5, 3_000);
    world.seats[1]!.online = false;
    const opened = await world.open();
    const { task } = await opened.backupTasks.begin('src', [textBytes(source)]);
    await until('entered', async () => (await opened.catalogue.versions()).length === 1);
    assert.equal((await opened.catalogue.versions())[0]!.state, 'thin');
    assert.equal(opened.tasks.get(task)?.state, 'running');
    assert.equal(opened.lanes.blocksInMemory(), 0, 'what waits lies on the disk');
    assert.ok(opened.lanes.stagedBytes() > 0);
    const seat = world.seats[1]!;
    seat.online = true;
    opened.bus.publish({ type: 'supplier.connected', owner: world.owner, supplier: seat.device, bytes: 1 });
    await until('done', () => opened.tasks.get(task)?.state === 'done');
    assert.equal(opened.lanes.stagedBytes(), 0);
    assert.equal((await opened.catalogue.versions())[0]!.state, 'safe');
    await opened.stop();
    world.end();
    assert.deepEqual(world.failures, []);
  });

  it('gives up what a cancelled task had not stored, and does not begin it again', async () => {
    const world = await createBackupWorld();
    for (const seat of world.seats) seat.online = false;
    const source = join(world.folder, 'src');
    fill(source, 5, 3_000);
    const opened = await world.open();
    const { task } = await opened.backupTasks.begin('src', [textBytes(source)]);
    await until('staged', () => opened.lanes.stagedBytes() > 0);
    await opened.tasks.cancel(task);
    await until('cancelled', () => opened.tasks.get(task)?.state === 'cancelled');
    assert.equal(opened.lanes.stagedBytes(), 0);
    assert.equal(opened.health.summary().blocks.total, 0);
    await opened.stop();
    world.kill();
    const again = await world.open();
    assert.deepEqual(again.tasks.list(), []);
    await again.stop();
    world.end();
  });
});
