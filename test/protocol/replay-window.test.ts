import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { emptyWindow, type ReplayWindow, takeSequence } from '../../protocol/replay-window.ts';

function takeAll(sequences: readonly number[], start: ReplayWindow = emptyWindow()) {
  let window = start;
  const effects: number[] = [];
  for (const sequence of sequences) {
    const answer = takeSequence(window, sequence);
    if (answer.verdict !== 'taken') continue;
    window = answer.window;
    effects.push(sequence);
  }
  return { window, effects };
}

test('ten thousand orders, shuffled and replayed, take effect at most once each', () => {
  const orders = Array.from({ length: 10_000 }, (_, index) => ((index * 7919) % 10_000) + 1);
  const { window, effects } = takeAll([...orders, ...orders]);
  assert.equal(new Set(effects).size, effects.length);
  assert.deepEqual(takeAll(orders, window).effects, []);
});

test('within the window every order is taken once in whatever order it comes, and never again', () => {
  const sequences = fc.uniqueArray(fc.integer({ min: 5000, max: 6023 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(sequences, (list) => {
      const { window, effects } = takeAll(list);
      assert.deepEqual(effects, list);
      assert.deepEqual(takeAll(list, window).effects, []);
    }),
    { numRuns: 100 },
  );
});

test('late is told from repeated, and what lies below the window is too old', () => {
  const { window } = takeAll([1, 2000]);
  assert.equal(takeSequence(window, 1999).verdict, 'taken');
  assert.equal(takeSequence(window, 2000).verdict, 'repeated');
  assert.equal(takeSequence(window, 977).verdict, 'taken');
  assert.equal(takeSequence(window, 976).verdict, 'too-old');
  for (const bad of [0, -1, 1.5, Number.NaN, 2 ** 60]) assert.equal(takeSequence(window, bad).verdict, 'too-old');
});

test('a refusal changes nothing, and a leap forgets only what is below the window', () => {
  const { window } = takeAll([10]);
  const before = structuredClone(window);
  takeSequence(window, 11);
  takeSequence(window, 10);
  assert.deepEqual(window, before);
  const leap = takeAll([10, 10 + 1023]);
  assert.equal(takeSequence(leap.window, 10).verdict, 'repeated');
  assert.equal(takeSequence(takeAll([10, 5000]).window, 10).verdict, 'too-old');
});
