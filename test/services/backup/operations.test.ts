import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createBackupWorld, until } from '../../support/backup-world.ts';

type World = Awaited<ReturnType<typeof createBackupWorld>>;
type Opened = Awaited<ReturnType<World['open']>>;

async function backUp(opened: Opened, paths: readonly string[], set?: string): Promise<string> {
  const { task, set: name } = await opened.operations.backup({ paths, set });
  await until('the backup has ended', () => opened.tasks.get(task)?.state !== 'running');
  assert.equal(opened.tasks.get(task)?.state, 'done', JSON.stringify(opened.tasks.get(task)?.error));
  return name;
}

async function worldWithFiles() {
  const world = await createBackupWorld();
  const source = join(world.folder, 'src');
  mkdirSync(join(source, 'deep'), { recursive: true });
  writeFileSync(join(source, 'a.txt'), 'one');
  writeFileSync(join(source, 'deep', 'b.txt'), 'two');
  const opened = await world.open();
  return { world, source, opened };
}

describe('operations of backups', () => {
  it('names a set by its first path, joins equal paths, and refuses other paths under its name', async () => {
    const { world, source, opened } = await worldWithFiles();
    assert.equal(await backUp(opened, [source]), 'src');
    assert.equal(await backUp(opened, [source]), 'src');
    mkdirSync(join(world.folder, 'other', 'src'), { recursive: true });
    assert.equal(await backUp(opened, [join(world.folder, 'other', 'src')]), 'src-2');
    await assert.rejects(opened.operations.backup({ paths: [world.folder], set: 'src' }), { code: 'SET_PATHS_DIFFER' });
    await assert.rejects(opened.operations.backup({ paths: [`${source}/none`] }), { code: 'PATH_NOT_FOUND' });
    const sets = await opened.operations.sets();
    assert.deepEqual(
      sets.map(({ name, versions, safety }) => [name, versions, safety]),
      [
        ['src', 2, 'safe'],
        ['src-2', 1, 'safe'],
      ],
    );
    await opened.stop();
    world.end();
  });

  it('lists folders, whole trees, deleted things, and a unique end of a path', async () => {
    const { world, source, opened } = await worldWithFiles();
    await backUp(opened, [source]);
    rmSync(join(source, 'a.txt'));
    await backUp(opened, [source]);
    const { operations } = opened;
    const top = await operations.ls({});
    assert.deepEqual(
      top.entries.map(({ path, versions }) => [path, versions]),
      [[source, 2]],
    );
    const inside = await operations.ls({ path: source });
    assert.deepEqual(
      inside.entries.map(({ name, kind, deleted }) => [name, kind, deleted]),
      [['deep', 'folder', false]],
    );
    const whole = await operations.ls({ path: source, all: true });
    assert.deepEqual(
      whole.entries.map(({ path }) => path),
      [`${source}/deep`, `${source}/deep/b.txt`],
    );
    const gone = await operations.ls({ path: 'a.txt', cwd: source });
    assert.deepEqual(
      gone.entries.map(({ name, deleted, sizeBytes }) => [name, deleted, sizeBytes]),
      [['a.txt', true, 3]],
    );
    const suffix = await operations.ls({ path: 'deep/b.txt', cwd: '/elsewhere' });
    assert.equal(suffix.path, `${source}/deep/b.txt`);
    await assert.rejects(operations.ls({ path: '/none' }), { code: 'ENTRY_NOT_FOUND' });
    const versions = await operations.versions({ path: `${source}/deep/b.txt` });
    assert.deepEqual(
      versions.versions.map(({ sizeBytes, state }) => [sizeBytes, state]),
      [
        [3, 'safe'],
        [3, 'safe'],
      ],
    );
    await opened.stop();
    world.end();
  });

  it('explains the state of a file by its weakest block', async () => {
    const { world, source, opened } = await worldWithFiles();
    await backUp(opened, [source]);
    const before = await opened.operations.why({ path: `${source}/a.txt` });
    assert.equal(before.safety, 'safe');
    assert.equal(before.blocks.length, 1);
    await opened.health.pieceLost(3, [before.blocks[0]!.block]);
    const after = await opened.operations.why({ path: `${source}/a.txt` });
    assert.equal(after.safety, 'enough');
    assert.equal(after.blocks[0]!.seats.find(({ seat }) => seat === 3)!.piece, 'lost');
    assert.match(after.sentence, /7 of 8/);
    await opened.stop();
    world.end();
  });

  it('retires the versions of a whole set and brings them back', async () => {
    const { world, source, opened } = await worldWithFiles();
    await backUp(opened, [source]);
    await assert.rejects(opened.operations.rm({ path: `${source}/a.txt` }), { code: 'BAD_INPUT' });
    assert.equal((await opened.operations.rm({ path: source })).versions, 1);
    assert.deepEqual(await opened.catalogue.versions(), []);
    assert.equal((await opened.operations.undelete({ path: source })).versions, 1);
    assert.equal((await opened.catalogue.versions()).length, 1);
    await opened.stop();
    world.end();
  });
});

describe('the catalogue on another machine', () => {
  it('is fetched from the index objects, and dedupes the next backup to nothing', async () => {
    const { world, source, opened } = await worldWithFiles();
    await backUp(opened, [source]);
    writeFileSync(join(source, 'c.txt'), 'three');
    await backUp(opened, [source]);
    await opened.stop();
    world.kill();
    const other = await world.open('other');
    const listed = await other.operations.ls({ path: source, all: true });
    assert.deepEqual(
      listed.entries.map(({ name }) => name),
      ['a.txt', 'c.txt', 'deep', 'b.txt'],
    );
    const [newest] = await other.catalogue.versions();
    assert.equal(newest!.state, 'safe');
    const before = world.receivedBytes();
    await backUp(other, [source]);
    assert.equal(world.receivedBytes(), before);
    await other.stop();
    world.end();
    assert.deepEqual(world.failures, []);
  });

  it('comes from the footers alone when asked', async () => {
    const { world, source, opened } = await worldWithFiles();
    await backUp(opened, [source]);
    const { task } = await opened.operations.rebuildCatalogue();
    await until('read', () => opened.tasks.get(task)?.state === 'done');
    const result = opened.tasks.get(task)!.result as { blocks: unknown; ok: boolean };
    assert.deepEqual(result.blocks, { read: 1, withoutFooter: 0 });
    assert.equal(result.ok, true);
    await opened.stop();
    world.end();
  });
});
