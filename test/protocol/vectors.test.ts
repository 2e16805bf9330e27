import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AREAS } from '../support/vectors/areas.ts';
import { readVectors } from '../support/vectors/vector-file.ts';

for (const [area, { cases, read }] of Object.entries(AREAS)) {
  test(`${area}: every golden vector gets its verdict, and what is accepted encodes to the same bytes`, () => {
    const vectors = readVectors(area);
    assert.ok(vectors.some(({ expect }) => expect === 'accept'));
    assert.ok(vectors.some(({ expect }) => expect === 'reject'));
    for (const { name, expect, comment, bytes } of vectors) {
      const about = `${area}/${name}: ${comment}`;
      if (expect === 'accept') assert.deepEqual(read(bytes), bytes, about);
      else assert.throws(() => read(bytes), { name: 'BitDustError' }, about);
    }
  });

  test(`${area}: the code makes the same bytes as when the vectors were written`, () => {
    const written = new Map(readVectors(area).map((vector) => [vector.name, vector]));
    for (const made of cases) {
      assert.deepEqual(
        made,
        { ...written.get(made.name), bytes: written.get(made.name)?.bytes },
        `${area}/${made.name}`,
      );
    }
  });
}
