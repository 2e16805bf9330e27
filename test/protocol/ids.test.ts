import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deviceIdFrom, fingerprint, keyOfDevice, keyOfPerson, parseWho, personIdFrom } from '../../protocol/ids.ts';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('an id gives its key back, and a person is never a device', () => {
  fc.assert(
    fc.property(key, (bytes) => {
      assert.deepEqual(keyOfPerson(personIdFrom(bytes)), bytes);
      assert.deepEqual(keyOfDevice(deviceIdFrom(bytes)), bytes);
      assert.throws(() => keyOfPerson(deviceIdFrom(bytes)), { code: 'ID_INVALID' });
    }),
  );
});

test('up to four wrong characters in an id are always noticed', () => {
  const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
  const damage = fc.uniqueArray(fc.tuple(fc.integer({ min: 3, max: 60 }), fc.integer({ min: 1, max: 31 })), {
    minLength: 1,
    maxLength: 4,
    selector: ([at]) => at,
  });
  fc.assert(
    fc.property(key, damage, (bytes, places) => {
      const letters = [...personIdFrom(bytes)];
      for (const [at, shift] of places) letters[at] = alphabet[(alphabet.indexOf(letters[at]!) + shift) % 32]!;
      assert.throws(() => keyOfPerson(letters.join('')), { code: 'ID_INVALID' });
    }),
    { numRuns: 1000 },
  );
});

test('what a user types is a person, a device or a name, and a damaged id is no name', () => {
  const bytes = new Uint8Array(32).fill(7);
  const person = personIdFrom(bytes);
  assert.deepEqual(parseWho(` ${person.toUpperCase()} `), { kind: 'person', person });
  assert.deepEqual(parseWho(deviceIdFrom(bytes)), { kind: 'device', device: deviceIdFrom(bytes) });
  assert.deepEqual(parseWho('alice'), { kind: 'name', name: 'alice' });
  assert.throws(() => parseWho(`${person.slice(0, -1)}q`), { code: 'ID_INVALID' });
});

test('a fingerprint is six groups of five digits and differs between people', () => {
  const one = fingerprint(personIdFrom(new Uint8Array(32).fill(1)));
  assert.match(one, /^\d{5}( \d{5}){5}$/);
  assert.notEqual(one, fingerprint(personIdFrom(new Uint8Array(32).fill(2))));
});
