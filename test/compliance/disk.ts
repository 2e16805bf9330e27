import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Disk } from '../../ports/disk.ts';

const text = (value: string) => new TextEncoder().encode(value);
const string = (value: Uint8Array) => new TextDecoder().decode(value);

/** What every disk promises. `fresh` gives a disk and an empty folder on it. */
export function diskCompliance(
  name: string,
  fresh: () => Promise<{ readonly disk: Disk; readonly folder: string }>,
): void {
  const about = (title: string, body: (disk: Disk, folder: string) => Promise<void>): void => {
    void test(`${name}: ${title}`, async () => {
      const { disk, folder } = await fresh();
      await body(disk, folder);
    });
  };

  about('reads back what was written at any position', async (disk, folder) => {
    const file = await disk.open(`${folder}/a`, 'create');
    await file.write(text('hello world'), 0);
    await file.write(text('W'), 6);
    await file.write(text('!'), 20);
    assert.equal(await file.size(), 21);
    const buffer = new Uint8Array(30);
    assert.equal(await file.read(buffer, 0), 21);
    assert.equal(string(buffer.subarray(0, 11)), 'hello World');
    assert.deepEqual([...buffer.subarray(11, 20)], [0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert.equal(await file.read(new Uint8Array(4), 19), 2);
    assert.equal(await file.read(new Uint8Array(4), 21), 0);
    await file.close();
  });

  about('create refuses a file that exists, read and update one that does not', async (disk, folder) => {
    await (await disk.open(`${folder}/a`, 'create')).close();
    await assert.rejects(disk.open(`${folder}/a`, 'create'), { code: 'FILE_EXISTS' });
    await assert.rejects(disk.open(`${folder}/b`, 'read'), { code: 'FILE_NOT_FOUND' });
    await assert.rejects(disk.open(`${folder}/b`, 'update'), { code: 'FILE_NOT_FOUND' });
    await assert.rejects(disk.open(`${folder}/none/b`, 'append'), { code: 'FILE_NOT_FOUND' });
    await assert.rejects(disk.readFile(`${folder}/b`), { code: 'FILE_NOT_FOUND' });
    await assert.rejects(disk.list(`${folder}/none`), { code: 'FILE_NOT_FOUND' });
  });

  about('append keeps what an existing file has', async (disk, folder) => {
    await disk.replaceFile(`${folder}/a`, text('one'));
    const file = await disk.open(`${folder}/a`, 'append');
    await file.write(text('two'), await file.size());
    await file.close();
    assert.equal(string(await disk.readFile(`${folder}/a`)), 'onetwo');
  });

  about('truncate shortens and lengthens with zeros', async (disk, folder) => {
    const file = await disk.open(`${folder}/a`, 'create');
    await file.write(text('abcdef'), 0);
    await file.truncate(3);
    await file.truncate(5);
    await file.sync();
    await file.close();
    assert.deepEqual([...(await disk.readFile(`${folder}/a`))], [97, 98, 99, 0, 0]);
  });

  about('replaceFile puts the whole file in place and leaves nothing beside it', async (disk, folder) => {
    await disk.replaceFile(`${folder}/a`, text('first'));
    await disk.replaceFile(`${folder}/a`, text('2'), 0o640);
    assert.equal(string(await disk.readFile(`${folder}/a`)), '2');
    assert.equal((await disk.stat(`${folder}/a`))?.mode, 0o640);
    assert.deepEqual(
      (await disk.list(folder)).map((entry) => entry.name),
      ['a'],
    );
  });

  about('two writers of one file end with one of the two texts', async (disk, folder) => {
    await Promise.all([disk.replaceFile(`${folder}/a`, text('one')), disk.replaceFile(`${folder}/a`, text('two'))]);
    assert.ok(['one', 'two'].includes(string(await disk.readFile(`${folder}/a`))));
  });

  about('rename takes the place of an existing file', async (disk, folder) => {
    await disk.makeFolder(`${folder}/deep/er`);
    await disk.replaceFile(`${folder}/a`, text('a'));
    await disk.replaceFile(`${folder}/deep/er/b`, text('b'));
    await disk.rename(`${folder}/a`, `${folder}/deep/er/b`);
    await disk.syncFolder(`${folder}/deep/er`);
    assert.equal(string(await disk.readFile(`${folder}/deep/er/b`)), 'a');
    assert.equal(await disk.stat(`${folder}/a`), undefined);
    await assert.rejects(disk.rename(`${folder}/a`, `${folder}/c`), { code: 'FILE_NOT_FOUND' });
  });

  about('an open file lives on after its removal', async (disk, folder) => {
    await disk.replaceFile(`${folder}/a`, text('kept'));
    const file = await disk.open(`${folder}/a`, 'read');
    await disk.remove(`${folder}/a`);
    const buffer = new Uint8Array(4);
    assert.equal(await file.read(buffer, 0), 4);
    assert.equal(string(buffer), 'kept');
    await file.close();
    assert.equal(await disk.stat(`${folder}/a`), undefined);
  });

  about('list and stat tell files from folders', async (disk, folder) => {
    await disk.makeFolder(`${folder}/sub`, 0o700);
    await disk.replaceFile(`${folder}/file`, text('12345'));
    const entries = (await disk.list(folder)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual(entries, [
      { name: 'file', kind: 'file' },
      { name: 'sub', kind: 'folder' },
    ]);
    const found = await disk.stat(`${folder}/file`);
    assert.deepEqual([found?.kind, found?.size, found?.mode], ['file', 5, 0o600]);
    assert.equal((await disk.stat(`${folder}/sub`))?.kind, 'folder');
  });

  about('removing what is not there is no error', async (disk, folder) => {
    await disk.remove(`${folder}/none`);
    await disk.removeTree(`${folder}/none`);
    await disk.makeFolder(`${folder}/tree/deep`);
    await disk.makeFolder(`${folder}/tree/deep`);
    await disk.replaceFile(`${folder}/tree/deep/a`, text('a'));
    await disk.removeTree(`${folder}/tree`);
    assert.deepEqual(await disk.list(folder), []);
  });

  about('tells how much is free', async (disk, folder) => {
    assert.ok((await disk.freeBytes(folder)) > 0);
  });

  about('a home is locked until released', async (disk, folder) => {
    const lock = await disk.lock(folder);
    await assert.rejects(disk.lock(folder), { code: 'HOME_LOCKED' });
    await lock.release();
    await (await disk.lock(folder)).release();
  });
}
