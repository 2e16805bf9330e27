import { fromHex } from '../../../protocol/hash.ts';
import type { Vector } from './vector-file.ts';

const ACCEPTED = `00 01 0a 17 1818 1819 1864 1903e8 1a000f4240 1b000000e8d4a51000 20 29 3863 3903e7 f4 f5 f6 40 4401020304 60 6161 6449455446
62225c 62c3bc 63e6b0b4 64f0908591 80 83010203 8301820203820405 98190102030405060708090a0b0c0d0e0f101112131415161718181819 a0
a26161016162820203 826161a161626163 a56161614161626142616361436164614461656145`;

const REFUSED: readonly (readonly [string, string])[] = [
  ['beyond 2^53 - 1', '1bffffffffffffffff c249010000000000000000 3bffffffffffffffff c349010000000000000000'],
  [
    'a float',
    'f90000 f98000 f93c00 fb3ff199999999999a f93e00 f97bff fa47c35000 fa7f7fffff fb7e37e43c8800759c f90001 f90400 f9c400 fbc010666666666666 f97c00 f97e00 f9fc00 fa7f800000 fa7fc00000 faff800000 fb7ff0000000000000 fb7ff8000000000000 fbfff0000000000000',
  ],
  ['undefined or a simple value', 'f7 f0 f8ff'],
  [
    'a tag',
    'c074323031332d30332d32315432303a30343a30305a c11a514b67b0 c1fb41d452d9e8200000 d74401020304 d818456449455446 d82076687474703a2f2f7777772e6578616d706c652e636f6d',
  ],
  ['a key that is no text', 'a201020304'],
  [
    'an indefinite length',
    '5f42010243030405ff 7f657374726561646d696e67ff 9fff 9f018202039f0405ffff 9f01820203820405ff 83018202039f0405ff 83019f0203ff820405 9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff bf61610161629f0203ffff 826161bf61626163ff bf6346756ef563416d7421ff',
  ],
];

const OWN: readonly (readonly [string, string, string])[] = [
  ['long-head', 'an integer that is not in its shortest form', '1817'],
  ['long-length', 'a length that is not in its shortest form', '580101'],
  ['unsorted-keys', 'map keys out of order', 'a2616201616102'],
  ['keys-by-length', 'a longer key before a shorter one', 'a262616101616202'],
  ['key-twice', 'one key twice', 'a2616101616102'],
  ['bad-utf8', 'a text that is not UTF-8', '61ff'],
  ['surrogate', 'a lone surrogate in UTF-8', '63eda080'],
  ['bytes-follow', 'a byte after the value', '0000'],
  ['truncated', 'the bytes end inside a text', '636162'],
  ['empty', 'no bytes at all', ''],
  ['array-bomb', 'an array that promises 2^32 - 1 items', '9affffffff'],
  ['map-bomb', 'a map that promises 2^52 keys', 'bb0010000000000000'],
  ['depth-bomb', 'seventeen arrays', `${'81'.repeat(16)}80`],
  ['beyond-safe', 'the integer 2^53', '1b0020000000000000'],
];

/** RFC 8949, appendix A, with the verdict of our subset, and our own hostile encodings. */
export const cborCases: readonly Vector[] = [
  ...ACCEPTED.split(/\s+/).map((hex, index) => vector('accept', `rfc8949-${index + 1}`, 'RFC 8949, appendix A', hex)),
  ...REFUSED.flatMap(([why, list]) =>
    list.split(' ').map((hex) => vector('reject', `rfc8949-${hex.slice(0, 20)}`, `RFC 8949, appendix A: ${why}`, hex)),
  ),
  ...OWN.map(([name, comment, hex]) => vector('reject', name, comment, hex)),
  vector('accept', 'prototype', 'a key __proto__ is a key like any other', 'a1695f5f70726f746f5f5fa0'),
  vector('accept', 'largest', 'the integer 2^53 - 1', '1b001fffffffffffff'),
  vector('accept', 'sixteen-deep', 'sixteen arrays', `${'81'.repeat(15)}80`),
];

function vector(expect: Vector['expect'], name: string, comment: string, hex: string): Vector {
  return { name, expect, comment, bytes: fromHex(hex) };
}
