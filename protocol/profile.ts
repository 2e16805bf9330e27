import type { SigningKey } from './ed25519.ts';
import { BitDustError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { isNickname } from './nickname-claim.ts';
import { deviceKey, hash32, personKey, time } from './payload-parts.ts';
import { array, int, map, nullable, record, type Shaped, text } from './shape.ts';
import { bodyOf, makeStatement, parseStatement, type Statement, statementHash, verifyStatement } from './statement.ts';

/** `host` and port of one transport, `tcp://127.0.0.1:7771`. */
export const addressText = text(96, /^[a-z]+:\/\/\S+$/);

const bodyShape = map({
  person: personKey,
  device: deviceKey,
  revision: int(1),
  nickname: nullable(text(32)),
  avatar: nullable(hash32),
  services: array(map({ name: text(32, /^[a-z][a-z-]*$/), limits: record(int(), 16) }), 16),
  addresses: array(addressText, LIMITS.addressesMax.value),
  issued: time,
});

/** What a device tells those it talks to. `addresses` only when it can be reached, in order of preference. */
export type ProfileBody = Shaped<typeof bodyShape>;

export interface Profile extends ProfileBody {
  readonly statement: Statement;
  readonly hash: Uint8Array;
}

/** Signs a profile with the device it names. */
export function makeProfile(body: ProfileBody, device: SigningKey): Profile {
  const statement = makeStatement('profile', bodyShape.check(body, 'profile'), device);
  return readProfile(statement.bytes);
}

/** Reads a profile and verifies it under the device it names; that this is the device of the session is the caller's check. */
export function readProfile(input: Uint8Array): Profile {
  const statement = parseStatement(input, { type: 'profile', bytesMax: LIMITS.smallStatementBytesMax.value });
  const body = bodyOf(statement, bodyShape);
  verifyStatement(statement, { type: 'profile', keys: [body.device] });
  if (body.nickname !== null && !isNickname(body.nickname)) {
    throw new BitDustError('ENCODING_INVALID', 'the nickname has characters that are not allowed');
  }
  return { ...body, statement, hash: statementHash(statement) };
}
