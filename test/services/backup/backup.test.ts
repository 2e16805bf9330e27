import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { BackupResult } from '../../../ports/backups.ts';
import { textBytes } from '../../../protocol/hash.ts';
import { createBackupWorld, until } from '../../support/backup-world.ts';
import { countingRandom } from '../../support/own-backups.ts';

const content = countingRandom('files');

function fill(folder: string, files: number, bytes: number): void {
  for (let number = 0; number < files; number += 1) {
    const inside = join(folder, `d${number % 7}`);
    mkdirSync(inside, { recursive: true });
    writeFileSync(join(inside, `f${number}.bin`), Buffer.alloc(bytes, content.bytes(997)));
  }
}

type World = Awaited<ReturnType<typeof createBackupWorld>>;
type Opened = Awaited<ReturnType<World['open']>>;

async function backUp(opened: Opened, folder: string): Promise<BackupResult> {
  const { task } = await opened.backupTasks.begin('src', [textBytes(folder)]);
  await until('the backup has ended', () => opened.tasks.get(task)?.state !== 'running');
  const view = opened.tasks.get(task)!;
  assert.equal(view.state, 'done', JSON.stringify(view.error));
  return view.result as unknown as BackupResult;
}

describe('backup', () => {
  it('stores a folder so that every file can be read back from any k pieces', async () => {
    const world = await createBackupWorld();
    const source = join(world.folder, 'src');
    fill(source, 40, 3_000);
    const opened = await world.open();
    const result = await backUp(opened, source);
    assert.equal(result.files.new, 40);
    assert.equal(result.blocks.new, 1);
    const version = (await opened.catalogue.version(result.version))!;
    assert.equal(version.files, 40);
    assert.notEqual(version.state, 'thin');
    for (const seat of world.seats.slice(0, 4)) seat.online = false;
    const entry = (await opened.catalogue.entry(result.version, textBytes(`${source}/d1/f1.bin`)))!;
    const copies = await opened.catalogue.copies(entry.chunks[0]!);
    const signal = new AbortController().signal;
    const bytes = await opened.source.readChunk({ chunk: entry.chunks[0]!, copies, signal });
    assert.equal(bytes.length, 3_000);
    await opened.stop();
    world.end();
    assert.deepEqual(world.failures, []);
  });

  it('sends next to nothing when nothing changed, and a renamed folder under 1 %', async () => {
    const world = await createBackupWorld();
    const source = join(world.folder, 'src');
    fill(source, 64, 300_000);
    const opened = await world.open();
    await backUp(opened, source);
    const first = world.receivedBytes();
    const second = await backUp(opened, source);
    assert.equal(second.files.new + second.files.changed, 0);
    assert.equal(world.receivedBytes(), first, 'nothing at all was sent');
    renameSync(join(source, 'd3'), join(source, 'renamed'));
    await backUp(opened, source);
    assert.ok(world.receivedBytes() - first <= 8 * 256 * 1024, String(world.receivedBytes() - first));
    await opened.stop();
    world.end();
    assert.deepEqual(world.failures, []);
  });
});
