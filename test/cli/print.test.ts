import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { cardText } from '../../cli/card.ts';
import { formatBytes, formatDuration, plural, shortId } from '../../cli/print/format.ts';
import { createProgressLine, formatProgress } from '../../cli/print/progress.ts';
import { formatTable, oneLine } from '../../cli/print/table.ts';
import * as samples from '../support/api-samples.ts';

test('sizes, durations and counts are short and exact enough for people', () => {
  assert.deepEqual([0, 1023, 1536, 142 * 2 ** 20, 20 * 2 ** 30].map(formatBytes), [
    '0 B',
    '1023 B',
    '1.5 KiB',
    '142 MiB',
    '20.0 GiB',
  ]);
  assert.deepEqual([850, 1900, 12_000, 200_000, 18_120_000, 273_600_000].map(formatDuration), [
    '850 ms',
    '1.9 s',
    '12 s',
    '3 min 20 s',
    '5 h 2 min',
    '3 d 4 h',
  ]);
  assert.deepEqual([plural(1, 'file'), plural(0, 'file')], ['1 file', '0 files']);
  assert.equal(shortId(samples.device), 'bdd1qpzry9…4kh');
});

test('columns line up whatever the cells hold, and colours take no room', () => {
  const columns = [{ head: 'NAME' }, { head: 'SIZE', right: true }, { head: 'REST' }];
  assert.equal(
    formatTable(columns, [
      ['a', '1', 'x'],
      ['\u001b[32mlong\u001b[39m name', '100', ''],
    ]),
    'NAME       SIZE  REST\na             1  x\n\u001b[32mlong\u001b[39m name   100',
  );
});

test('a name of somebody else can neither move the cursor nor start a line', () => {
  assert.equal(oneLine('a\u001b[2Jb\nc\rd\u0007'), 'a�[2Jb�c�d�');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = stripVTControlCharacters(oneLine(text));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for exactly those
      assert.doesNotMatch(shown, /[\u0000-\u001a\u001c-\u001f\u007f-\u009f]/);
    }),
  );
});

test('progress shows share, speed and time left, and fits the terminal', () => {
  assert.equal(
    formatProgress(samples.task, 200),
    'storing  ████████████░░░░░░░░░░░░  50 %  71.0 MiB of 142 MiB  38.1 MiB/s  1.9 s left',
  );
  assert.equal(formatProgress(samples.task, 20).length, 20);
  const unknown = { ...samples.task.progress, totalBytes: null, totalItems: null, bytesPerSecond: null, leftMs: null };
  assert.equal(
    formatProgress({ ...samples.task, progress: { ...unknown, note: 'waits for suppliers' } }, 200),
    'storing  71.0 MiB  waits for suppliers',
  );
});

test('work of less than a second draws nothing', () => {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream;
  const line = createProgressLine(stream, true);
  line.show(samples.task);
  line.clear();
  assert.deepEqual(written, []);
});

test('the recovery card holds every word with its number, the network and its seeds', () => {
  const words = Array.from({ length: 24 }, (_, index) => `word${index + 1}`);
  const card = { network: 'home', id: samples.block, seeds: ['seed.example:1', 'seed.example:2'] };
  const text = cardText({ phrase: words.join(' '), card });
  for (const [index, word] of words.entries()) assert.match(text, new RegExp(`\\b${index + 1} ${word}\\b`));
  assert.match(text, /network {2}home\n {2}id {7}(0f){32}\n {2}seeds {4}seed\.example:1, seed\.example:2/);
});
