import { encode } from './cbor.ts';
import { type SigningKey, verify } from './ed25519.ts';
import { BitDustError } from './errors.ts';
import { compareBytes, equalBytes, labelled, sha256 } from './hash.ts';
import { LIMITS } from './limits.ts';
import { array, bytes, decodeAs, map, oneOf, type Shape } from './shape.ts';

/** Every kind of statement: what a third party must be able to check later. */
export const STATEMENT_TYPES = [
  'root-statement',
  'ownership-proof',
  'device-list',
  'profile',
  'nickname-claim',
  'log-entry',
  'contract',
  'proof',
  'refusal',
  'confession',
  'notice',
  'receipt',
  'family',
  'keychain',
  'records',
  'warrant',
  'amendment',
  'report',
  'grant',
  'moved',
  'introduction',
] as const;

export type StatementType = (typeof STATEMENT_TYPES)[number];

/** A parsed statement. `body` are the signed bytes as received; nothing is believed before `verifyStatement`. */
export interface Statement {
  readonly type: StatementType;
  readonly body: Uint8Array;
  readonly signatures: readonly { readonly key: Uint8Array; readonly signature: Uint8Array }[];
  readonly bytes: Uint8Array;
}

const statementShape = map({
  type: oneOf(...STATEMENT_TYPES),
  body: bytes({ max: LIMITS.statementBytesMax.value }),
  signatures: array(map({ key: bytes(32), signature: bytes(64) }), LIMITS.statementSignaturesMax.value, 1),
});

/** The label under which a statement of this type is signed. */
export function statementLabel(type: StatementType): string {
  return `bitdust/${type}/1`;
}

function signed(type: StatementType, body: Uint8Array): Uint8Array {
  return labelled(statementLabel(type), body);
}

function pack(type: StatementType, body: Uint8Array, signatures: Statement['signatures']): Statement {
  const sorted = signatures.toSorted((a, b) => compareBytes(a.key, b.key));
  return { type, body, signatures: sorted, bytes: encode({ type, body, signatures: sorted }) };
}

/** Encodes the body and signs it with every key given. */
export function makeStatement(
  type: StatementType,
  body: Readonly<Record<string, unknown>>,
  ...signers: readonly SigningKey[]
): Statement {
  const encoded = encode(body);
  const message = signed(type, encoded);
  return pack(
    type,
    encoded,
    signers.map((signer) => ({ key: signer.publicKey, signature: signer.sign(message) })),
  );
}

/** The same statement with one more signature over the same body. */
export function addSignature(statement: Statement, signer: SigningKey): Statement {
  const added = { key: signer.publicKey, signature: signer.sign(signed(statement.type, statement.body)) };
  const others = statement.signatures.filter(({ key }) => !equalBytes(key, added.key));
  return pack(statement.type, statement.body, [...others, added]);
}

/** Reads the outer form. Signatures stand in ascending order of their keys, each key once; nothing is verified yet. */
export function parseStatement(
  input: Uint8Array,
  options: { readonly type?: StatementType; readonly bytesMax?: number } = {},
): Statement {
  const { bytesMax = LIMITS.statementBytesMax.value } = options;
  const { type, body, signatures } = decodeAs(statementShape, input, { bytesMax, name: 'statement' });
  if (options.type !== undefined && options.type !== type) {
    throw new BitDustError('ENCODING_INVALID', `expected a statement '${options.type}', not '${type}'`);
  }
  for (let index = 1; index < signatures.length; index += 1) {
    if (compareBytes(signatures[index - 1]!.key, signatures[index]!.key) >= 0) {
      throw new BitDustError('ENCODING_INVALID', 'signatures are not in the order of their keys');
    }
  }
  return { type, body, signatures, bytes: Uint8Array.from(input) };
}

/**
 * Checks that every signature holds, is by one of `keys`, and that at least `atLeast` (1) of them signed. Throws
 * `SIGNATURE_INVALID`.
 */
export function verifyStatement(
  statement: Statement,
  options: { readonly type: StatementType; readonly keys: readonly Uint8Array[]; readonly atLeast?: number },
): void {
  const { type, keys, atLeast = 1 } = options;
  if (statement.type !== type) throw new BitDustError('SIGNATURE_INVALID', `it is not a '${type}'`);
  if (statement.signatures.length < atLeast) throw new BitDustError('SIGNATURE_INVALID', 'a signature is missing');
  const message = signed(type, statement.body);
  for (const { key, signature } of statement.signatures) {
    if (!keys.some((allowed) => equalBytes(allowed, key))) {
      throw new BitDustError('SIGNATURE_INVALID', 'it is signed by somebody else');
    }
    if (!verify(key, message, signature)) throw new BitDustError('SIGNATURE_INVALID');
  }
}

/** The body checked against its shape. Call `verifyStatement` first when the keys do not come from the body. */
export function bodyOf<Value>(statement: Statement, shape: Shape<Value>): Value {
  return decodeAs(shape, statement.body, { bytesMax: LIMITS.statementBytesMax.value, name: statement.type });
}

/** SHA-256 of the statement's bytes, 32 bytes. */
export function statementHash(statement: Pick<Statement, 'bytes'> | Uint8Array): Uint8Array {
  return sha256(statement instanceof Uint8Array ? statement : statement.bytes);
}
