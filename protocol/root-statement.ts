import type { SigningKey } from './ed25519.ts';
import { BitDustError } from './errors.ts';
import { equalBytes, sha256 } from './hash.ts';
import { LIMITS } from './limits.ts';
import { hash32, personKey, time } from './payload-parts.ts';
import { array, bytes, int, map, nullable, type Shaped } from './shape.ts';
import { bodyOf, makeStatement, parseStatement, type Statement, statementHash, verifyStatement } from './statement.ts';

/** X-Wing public keys: ML-KEM-768 and X25519 together. */
export const X_WING_KEY_BYTES = 1216;

const bodyShape = map({
  person: personKey,
  epoch: int(0, 2 ** 32 - 1),
  root: bytes(32),
  next: hash32,
  admins: array(bytes(32), LIMITS.adminsMax.value, 1),
  recovery: bytes(X_WING_KEY_BYTES),
  list: nullable(map({ revision: int(1, 2 ** 32 - 1), hash: hash32 })),
  prev: nullable(hash32),
  issued: time,
});

/** What root `epoch` says: who may write device lists now, and to which next root it is bound. */
export type RootBody = Shaped<typeof bodyShape>;

export interface RootStatement extends RootBody {
  readonly statement: Statement;
  readonly hash: Uint8Array;
}

/** The commitment to the next root: SHA-256 of its public key. */
export function commitToRoot(nextRoot: Uint8Array): Uint8Array {
  return sha256(nextRoot);
}

/** Signs a root statement with root `epoch`. */
export function makeRootStatement(body: RootBody, root: SigningKey): RootStatement {
  if (!equalBytes(root.publicKey, body.root)) throw new RangeError('signed by another root than it names');
  const statement = makeStatement('root-statement', bodyShape.check(body, 'root-statement'), root);
  return readRootStatement(statement.bytes);
}

/** Reads and verifies one root statement by itself: its signature, and what epoch 0 must be. The chain is checked by the file. */
export function readRootStatement(input: Uint8Array): RootStatement {
  const statement = parseStatement(input, { type: 'root-statement', bytesMax: LIMITS.smallStatementBytesMax.value });
  const body = bodyOf(statement, bodyShape);
  verifyStatement(statement, { type: 'root-statement', keys: [body.root] });
  const isFirst = body.epoch === 0;
  if (isFirst && (!equalBytes(body.root, body.person) || body.list !== null || body.prev !== null)) {
    throw new BitDustError('IDENTITY_INVALID', 'the first root statement is not that of the person');
  }
  if (!isFirst && (body.list === null || body.prev === null)) {
    throw new BitDustError('IDENTITY_INVALID', 'a later root statement continues nothing');
  }
  return { ...body, statement, hash: statementHash(statement) };
}

/** Throws `IDENTITY_INVALID` unless `next` is the epoch that `before` committed to. */
export function requireRootFollows(before: RootStatement, next: RootStatement): void {
  const follows =
    next.epoch === before.epoch + 1 &&
    equalBytes(next.person, before.person) &&
    next.prev !== null &&
    equalBytes(next.prev, before.hash) &&
    equalBytes(commitToRoot(next.root), before.next);
  if (!follows) throw new BitDustError('IDENTITY_INVALID', 'a root statement does not follow the one before');
}
