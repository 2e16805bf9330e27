import type { SigningKey } from './ed25519.ts';
import { BitDustError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { personKey, time } from './payload-parts.ts';
import { map, type Shaped, text } from './shape.ts';
import { bodyOf, makeStatement, parseStatement, type Statement, verifyStatement } from './statement.ts';

const NICKNAME = /^[a-z0-9_-]{3,32}$/;

/** 3 to 32 of `a-z 0-9 - _`. */
export function isNickname(name: string): boolean {
  return NICKNAME.test(name);
}

/** Rejects with `NICKNAME_INVALID` what is none. */
export function requireNickname(name: string): void {
  if (!isNickname(name)) throw new BitDustError('NICKNAME_INVALID');
}

const bodyShape = map({ name: text(32, NICKNAME), person: personKey, since: time });

/** "This person goes by this name." A search word, never a proof; `since` is only a claim. */
export type NicknameClaimBody = Shaped<typeof bodyShape>;

export interface NicknameClaim extends NicknameClaimBody {
  /** The device that signed it. The caller checks that the person's newest list has it. */
  readonly device: Uint8Array;
  readonly statement: Statement;
}

/** Signs a claim with a device of the person. */
export function makeNicknameClaim(body: NicknameClaimBody, device: SigningKey): NicknameClaim {
  requireNickname(body.name);
  return readNicknameClaim(makeStatement('nickname-claim', bodyShape.check(body, 'nickname-claim'), device).bytes);
}

/** Reads a claim and verifies its one signature. */
export function readNicknameClaim(input: Uint8Array): NicknameClaim {
  const statement = parseStatement(input, { type: 'nickname-claim', bytesMax: LIMITS.smallStatementBytesMax.value });
  const [only, ...others] = statement.signatures;
  if (only === undefined || others.length > 0) throw new BitDustError('SIGNATURE_INVALID');
  verifyStatement(statement, { type: 'nickname-claim', keys: [only.key] });
  return { ...bodyOf(statement, bodyShape), device: only.key, statement };
}

const ALIKE: readonly (readonly [RegExp, string])[] = [
  [/[-_]/g, ''],
  [/rn/g, 'm'],
  [/vv/g, 'w'],
  [/cl/g, 'd'],
  [/0/g, 'o'],
  [/[1i]/g, 'l'],
  [/5/g, 's'],
  [/8/g, 'b'],
  [/2/g, 'z'],
  [/9/g, 'g'],
];

function skeleton(name: string): string {
  return ALIKE.reduce((text, [pattern, plain]) => text.replace(pattern, plain), name);
}

function isOneSlipApart(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  let at = 0;
  while (at < short.length && short[at] === long[at]) at += 1;
  if (short.length < long.length) return short.slice(at) === long.slice(at + 1);
  const isReplaced = short.slice(at + 1) === long.slice(at + 1);
  const isSwapped =
    short[at] === long[at + 1] && short[at + 1] === long[at] && short.slice(at + 2) === long.slice(at + 2);
  return isReplaced || isSwapped;
}

/** True for two different names that a reader may take for one another: same shapes, or one slip apart from five letters up. */
export function looksAlike(a: string, b: string): boolean {
  if (a === b) return false;
  const [one, two] = [skeleton(a), skeleton(b)];
  return one === two || (Math.min(one.length, two.length) >= 5 && isOneSlipApart(one, two));
}
