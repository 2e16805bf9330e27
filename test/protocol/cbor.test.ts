import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CborValue, decode, encode } from '../../protocol/cbor.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import { fromHex, toHex } from '../../protocol/hash.ts';
import { decodeLocal, encodeLocal } from '../../protocol/local-codec.ts';

const bounds = { bytesMax: 65_536 };

const { value: anyValue } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.maxSafeInteger().map((one) => one + 0),
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 40 }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

test('what is encoded decodes to the same value', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      assert.deepEqual(decode(encode(value), bounds), value);
    }),
    { numRuns: 500 },
  );
});

test('whatever is accepted is the one encoding of its value, and everything else has a code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        assert.deepEqual(encode(decode(bytes, bounds)), bytes);
      } catch (error) {
        assert.ok(isBitDustError(error, 'ENCODING_INVALID') || isBitDustError(error, 'TOO_LARGE'), String(error));
      }
    }),
    { numRuns: 20_000 },
  );
});

test('a map with the key __proto__ changes no prototype', () => {
  for (const hex of ['a1695f5f70726f746f5f5fa0', 'a1695f5f70726f746f5f5f01', 'a1695f5f70726f746f5f5fa1617801']) {
    let decoded: CborValue = null;
    try {
      decoded = decode(fromHex(hex), bounds);
    } catch (error) {
      assert.ok(isBitDustError(error, 'ENCODING_INVALID'));
      continue;
    }
    assert.equal(toHex(encode(decoded)), hex);
    assert.equal(Object.getPrototypeOf(decoded), Object.prototype);
  }
});

test('sixteen levels decode, seventeen are refused before the decoder recurses', () => {
  const nested = (levels: number) => fromHex(`${'81'.repeat(levels - 1)}80`);
  assert.equal(toHex(encode(decode(nested(16), bounds))), toHex(nested(16)));
  assert.throws(() => decode(nested(17), bounds), { code: 'TOO_LARGE' });
  assert.throws(() => decode(nested(60_000), bounds), { code: 'TOO_LARGE' });
});

test('an array that promises more than the bytes hold is refused without allocating it', () => {
  for (const hex of ['9affffffff', 'bb001fffffffffffff', '5a7fffffff00']) {
    assert.throws(() => decode(fromHex(hex), bounds), { code: 'ENCODING_INVALID' });
  }
});

test('only values of the rule are encoded', () => {
  for (const bad of [1.5, Number.NaN, -0, 2 ** 53, 1n, undefined, { a: undefined }, new Map(), new Date(0), '\ud800']) {
    assert.throws(() => encode(bad), { code: 'ENCODING_INVALID' });
  }
});

test('local records keep bytes, dates of other kinds and undefined apart from the wire format', () => {
  const value = { bytes: Uint8Array.of(1, 2), list: [1, 2.5, 'x', null], nested: { a: true } };
  const back = decodeLocal<typeof value>(encodeLocal(value));
  assert.deepEqual({ ...back, bytes: Uint8Array.from(back.bytes) }, value);
});
