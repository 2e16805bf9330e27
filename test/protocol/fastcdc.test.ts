import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHasher } from '../../protocol/blake3.ts';
import { CUT, createChunker, gearTable } from '../../protocol/fastcdc/chunker.ts';
import { u32 } from '../../protocol/hash.ts';

const SECRET = new Uint8Array(32).fill(7);
const chunker = createChunker(SECRET);

/** Incompressible bytes that are the same every time. */
function noise(length: number, seed: number): Uint8Array {
  const result = new Uint8Array(length);
  for (let at = 0, block = 0; at < length; at += 32, block += 1) {
    const hash = createHasher().update(u32(seed)).update(u32(block)).digest();
    result.set(hash.subarray(0, Math.min(32, length - at)), at);
  }
  return result;
}

/** The rule of the cut without any shortcut: one byte after the other. */
function referenceCut(bytes: Uint8Array): number {
  const gear = gearTable(SECRET);
  const end = Math.min(bytes.length, CUT.maxBytes);
  let hash = 0;
  for (let at = CUT.minBytes; at < end; at += 1) {
    hash = ((hash << 1) + gear[bytes[at]!]!) | 0;
    if ((hash & (at < CUT.averageBytes ? CUT.maskBefore : CUT.maskAfter)) === 0) return at + 1;
  }
  return end;
}

function cuts(bytes: Uint8Array, cut: (rest: Uint8Array) => number): number[] {
  const lengths: number[] = [];
  for (let at = 0; at < bytes.length; at += lengths.at(-1)!) lengths.push(cut(bytes.subarray(at)));
  return lengths;
}

describe('the chunker', () => {
  const data = noise(24 * 1024 * 1024, 1);

  it('cuts where the reference cuts', () => {
    assert.deepEqual(cuts(data, chunker.cut), cuts(data, referenceCut));
  });

  it('has the golden cuts of this secret', () => {
    assert.deepEqual(cuts(data, chunker.cut).slice(0, 4), [1164106, 1337503, 1258518, 1244314]);
  });

  it('keeps chunks between the minimum and the maximum, about 1 MiB on average', () => {
    const lengths = cuts(data, chunker.cut);
    assert.ok(lengths.slice(0, -1).every((length) => length > CUT.minBytes && length <= CUT.maxBytes));
    const average = data.length / lengths.length;
    assert.ok(average > 0.7 * 2 ** 20 && average < 1.6 * 2 ** 20, `${average}`);
  });

  it('finds the same cuts again behind an insertion', () => {
    const changed = new Uint8Array(data.length + 5);
    changed.set(data.subarray(0, 1000));
    changed.set(data.subarray(1000), 1005);
    const before = new Set(cuts(data, chunker.cut).slice(1));
    const after = cuts(changed, chunker.cut).slice(1);
    assert.ok(after.filter((length) => before.has(length)).length >= after.length - 2);
  });

  it('cuts a run of equal bytes at the maximum or where its hash says so', () => {
    const zeros = new Uint8Array(9 * 1024 * 1024);
    assert.deepEqual(cuts(zeros, chunker.cut), cuts(zeros, referenceCut));
  });

  it('takes bytes up to the minimum as one chunk', () => {
    assert.equal(chunker.cut(data.subarray(0, CUT.minBytes)), CUT.minBytes);
    assert.equal(chunker.cut(data.subarray(0, 5)), 5);
  });

  it('does not decide while more may follow, and then decides the same', () => {
    const first = chunker.cut(data);
    assert.equal(chunker.cutOpen(data.subarray(0, first - 1)), undefined);
    assert.equal(chunker.cutOpen(data.subarray(0, first)), first);
    assert.equal(chunker.cutOpen(data.subarray(0, 100)), undefined);
    assert.equal(chunker.cutOpen(new Uint8Array(0)), undefined);
  });

  it('cuts elsewhere under another secret', () => {
    const other = createChunker(new Uint8Array(32).fill(8));
    assert.notDeepEqual(cuts(data, other.cut), cuts(data, chunker.cut));
    assert.notDeepEqual(gearTable(new Uint8Array(32).fill(8)), gearTable(SECRET));
  });
});
