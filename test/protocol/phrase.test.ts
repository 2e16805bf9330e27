import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BitDustError } from '../../protocol/errors.ts';
import { entropyToPhrase, type PhraseFix, phraseToEntropy, wordsOf } from '../../protocol/phrase.ts';
import { slipsBetween } from '../../protocol/slips.ts';

const entropy = Uint8Array.from({ length: 32 }, (_, index) => index * 7 + 3);
const phrase = entropyToPhrase(entropy);
const words = wordsOf(phrase);

function refusal(text: string): BitDustError {
  try {
    phraseToEntropy(text);
  } catch (error) {
    if (error instanceof BitDustError) return error;
    throw error;
  }
  return assert.fail('the phrase was accepted');
}

test('every entropy comes back from its words', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      assert.deepEqual(phraseToEntropy(entropyToPhrase(bytes)), bytes);
    }),
    { numRuns: 50 },
  );
});

test('case and any white space do not matter', () => {
  assert.deepEqual(phraseToEntropy(`  ${words.join(' \t\n ').toUpperCase()}\n`), entropy);
});

test('an unknown word is named by its number with the nearest words first', () => {
  const error = refusal(words.with(6, 'tomorow').join(' '));
  assert.equal(error.code, 'PHRASE_WORD_UNKNOWN');
  assert.equal(error.details['number'], 7);
  assert.equal((error.details['nearest'] as readonly string[])[0], 'tomorrow');
});

test('two neighbours that were swapped are found', () => {
  const number = words.findIndex((word, index) => word !== words[index + 1]) + 1;
  const swapped = words.with(number - 1, words[number]!).with(number, words[number - 1]!);
  const error = refusal(swapped.join(' '));
  assert.equal(error.code, 'PHRASE_CHECKSUM');
  const fixes = error.details['fixes'] as readonly PhraseFix[];
  assert.ok(fixes.some((fix) => fix.kind === 'swap' && fix.number === number));
});

test('a word taken for a look-alike is found, and every fix given is right', () => {
  const known = entropyToPhrase(new Uint8Array(32)).split(' ');
  const error = refusal(known.with(23, 'arm').join(' '));
  assert.equal(error.code, 'PHRASE_CHECKSUM');
  const fixes = error.details['fixes'] as readonly PhraseFix[];
  assert.ok(fixes.some((fix) => fix.kind === 'replace' && fix.number === 24 && fix.word === 'art'));
  for (const fix of fixes) {
    if (fix.kind !== 'replace') continue;
    phraseToEntropy(
      known
        .with(23, 'arm')
        .with(fix.number - 1, fix.word)
        .join(' '),
    );
  }
});

test('too few and too many words are said by their number', () => {
  assert.match(refusal(words.slice(1).join(' ')).message, /^These are 23 words/);
  assert.match(refusal(`${phrase} ${words[0]}`).message, /^These are 25 words/);
  assert.match(refusal('').message, /^These are 0 words/);
});

test('a hostile wall of text is answered at once', () => {
  const started = performance.now();
  refusal('zoo '.repeat(100_000));
  refusal('q'.repeat(100_000));
  assert.ok(performance.now() - started < 1000);
});

test('slips count letters put in, left out, changed and swapped', () => {
  const rows = [
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'ab', 1],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
  ] as const;
  for (const [a, b, slips] of rows) assert.equal(slipsBetween(a, b), slips);
});
