import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { Interrupted } from '../../cli/interrupt.ts';
import { readNewPassphrase, readWords, readWordsAndPassphrase, type SecretInput } from '../../cli/words.ts';
import { isBitDustError } from '../../protocol/errors.ts';

const context = { signal: new AbortController().signal };
const phrase = Array.from({ length: 24 }, (_, index) => `word${index}`);

function piped(text: string): SecretInput {
  const stdin = Object.assign(new PassThrough(), { isTTY: false });
  stdin.end(text);
  return { stdin: stdin as unknown as NodeJS.ReadStream, stderr: new PassThrough() };
}

/** A terminal on which these keys are typed, one chunk after another. */
function typed(...keys: readonly string[]) {
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (raw: boolean) => void modes.push(raw) });
  const stderr = new PassThrough();
  let shown = '';
  stderr.on('data', (chunk) => {
    shown += String(chunk);
  });
  for (const key of keys) stdin.write(key);
  return { input: { stdin: stdin as unknown as NodeJS.ReadStream, stderr }, modes, shown: () => shown };
}

test('words from a pipe are the first line, split at white space, whatever their case', async () => {
  assert.deepEqual(await readWords(context, piped('  Abandon\tABLE  about \nsecond line')), [
    'abandon',
    'able',
    'about',
  ]);
  assert.deepEqual(await readWords(context, piped('abandon able')), ['abandon', 'able']);
  assert.deepEqual(await readWords(context, piped('')), []);
});

test('a passphrase from a pipe is the second line, as it is', async () => {
  const read = await readWordsAndPassphrase(context, true, piped('abandon able\r\n  My Pass phrase \nmore'));
  assert.deepEqual(read, { words: ['abandon', 'able'], passphrase: '  My Pass phrase ' });
  assert.deepEqual(await readWordsAndPassphrase(context, false, piped('abandon able\nx')), {
    words: ['abandon', 'able'],
    passphrase: null,
  });
  await assert.rejects(readWordsAndPassphrase(context, true, piped('abandon able')), (error: unknown) =>
    isBitDustError(error, 'USAGE'),
  );
});

test('an input without end is refused before it fills the memory', async () => {
  await assert.rejects(readWords(context, piped('x'.repeat(100_000))), (error: unknown) =>
    isBitDustError(error, 'USAGE'),
  );
});

test('on a terminal words are asked one by one, and every line is erased after it', async () => {
  const { input, modes, shown } = typed(...phrase.map((word) => `${word}x\u007f\r`));
  assert.deepEqual(await readWords(context, input), phrase);
  assert.match(shown(), /word 1 of 24: /);
  assert.match(shown(), /word 24 of 24: /);
  assert.ok(shown().endsWith('\r\u001b[K'));
  assert.doesNotMatch(shown(), /\n/);
  assert.equal(modes.at(-1), false);
});

test('words pasted together fill the places after them', async () => {
  const { input } = typed(`${phrase.slice(0, 12).join(' ')}\r`, `${phrase.slice(12).join(' ')}\r`);
  assert.deepEqual(await readWords(context, input), phrase);
});

test('a passphrase is asked twice and never shown', async () => {
  const { input, shown } = typed('secret\r', 'secret\r');
  assert.equal(await readNewPassphrase(context, input), 'secret');
  assert.doesNotMatch(shown(), /secret/);
  const wrong = typed('secret\r', 'secrets\r');
  await assert.rejects(readNewPassphrase(context, wrong.input), (error: unknown) => isBitDustError(error, 'USAGE'));
});

test('Ctrl-C while words are asked gives the terminal back and says that nothing was written', async () => {
  const { input, modes } = typed('aban', '\u0003');
  await assert.rejects(readWords(context, input), (error: unknown) => error instanceof Interrupted);
  assert.deepEqual(modes, [true, false]);
});
