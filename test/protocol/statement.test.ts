import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '../../protocol/cbor.ts';
import { signingKeyFromSeed } from '../../protocol/ed25519.ts';
import { int, map } from '../../protocol/shape.ts';
import {
  addSignature,
  bodyOf,
  makeStatement,
  parseStatement,
  statementHash,
  verifyStatement,
} from '../../protocol/statement.ts';

const alice = signingKeyFromSeed(new Uint8Array(32).fill(1));
const bob = signingKeyFromSeed(new Uint8Array(32).fill(2));

test('a statement is verified under the key that signed it and no other', () => {
  const made = makeStatement('receipt', { at: 5 }, alice);
  const read = parseStatement(made.bytes);
  verifyStatement(read, { type: 'receipt', keys: [alice.publicKey] });
  assert.deepEqual(bodyOf(read, map({ at: int() })), { at: 5 });
  assert.throws(() => verifyStatement(read, { type: 'receipt', keys: [bob.publicKey] }), { code: 'SIGNATURE_INVALID' });
  assert.throws(() => verifyStatement(read, { type: 'notice', keys: [alice.publicKey] }), {
    code: 'SIGNATURE_INVALID',
  });
});

test('a signature for one type is worth nothing for another', () => {
  const { body, signatures } = makeStatement('receipt', { at: 5 }, alice);
  const forged = parseStatement(encode({ type: 'refusal', body, signatures }));
  assert.throws(() => verifyStatement(forged, { type: 'refusal', keys: [alice.publicKey] }), {
    code: 'SIGNATURE_INVALID',
  });
});

test('a contract needs both sides, in whatever order they signed', () => {
  const keys = [alice.publicKey, bob.publicKey];
  const draft = makeStatement('contract', { bytes: 1 }, alice);
  assert.throws(() => verifyStatement(draft, { type: 'contract', keys, atLeast: 2 }), { code: 'SIGNATURE_INVALID' });
  const whole = addSignature(draft, bob);
  verifyStatement(parseStatement(whole.bytes), { type: 'contract', keys, atLeast: 2 });
  assert.deepEqual(whole.bytes, makeStatement('contract', { bytes: 1 }, bob, alice).bytes);
  assert.deepEqual(statementHash(whole), statementHash(whole.bytes));
});

test('signatures out of order, twice by one key or none at all are refused', () => {
  const { type, body, signatures } = makeStatement('contract', { bytes: 1 }, alice, bob);
  for (const bad of [signatures.toReversed(), [signatures[0], signatures[0]], []]) {
    assert.throws(() => parseStatement(encode({ type, body, signatures: bad })), { code: 'ENCODING_INVALID' });
  }
});
