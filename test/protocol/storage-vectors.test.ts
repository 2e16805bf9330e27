import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromHex, toHex } from '../../protocol/hash.ts';
import { storageSamples } from '../support/storage-samples.ts';

interface Vector {
  readonly format: string;
  readonly about: string;
  /** `accepted`, or the code of the refusal. */
  readonly verdict: string;
  readonly bytes: string;
}

const FOLDER = new URL('../vectors/storage/', import.meta.url);
const samples = storageSamples();
const vectors = readdirSync(FOLDER)
  .toSorted()
  .map((file) => ({ file, vector: JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Vector }));

test('every storage format still has the bytes of its golden vector', () => {
  for (const sample of samples) {
    const file = `${sample.format}-${sample.name}.json`;
    const found = vectors.find((one) => one.file === file);
    assert.ok(found, `no vector ${file}`);
    assert.equal(found.vector.bytes, toHex(sample.bytes), file);
    assert.equal(found.vector.verdict, 'accepted');
  }
});

test('every vector gets its verdict, hostile ones by code', () => {
  assert.ok(vectors.filter(({ vector }) => vector.verdict !== 'accepted').length >= 20);
  for (const { file, vector } of vectors) {
    const reader = samples.find(({ format }) => format === vector.format);
    assert.ok(reader, `${file}: unknown format`);
    const read = () => reader.read(fromHex(vector.bytes));
    if (vector.verdict === 'accepted') assert.doesNotThrow(read, file);
    else assert.throws(read, { code: vector.verdict }, file);
  }
});

test('a changed, cut or lengthened sample is refused with a code, or reads as the very bytes it is', () => {
  for (const sample of samples) {
    fc.assert(
      fc.property(fc.nat(sample.bytes.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(3), (at, byte, how) => {
        const changed =
          how === 0
            ? sample.bytes.slice(0, at)
            : how === 1
              ? Buffer.concat([sample.bytes, Uint8Array.of(byte)])
              : Uint8Array.from(sample.bytes);
        if (how > 1) changed[at] = byte;
        try {
          sample.read(changed);
        } catch (error) {
          assert.equal(typeof (error as { code?: unknown }).code, 'string', `${sample.format}: ${String(error)}`);
        }
      }),
      { numRuns: 300 },
    );
  }
});
