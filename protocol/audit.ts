import { createHmac } from 'node:crypto';
import type { SigningKey } from './ed25519.ts';
import { fromHex, labelled, readU64, toHex, u32 } from './hash.ts';
import {
  type BlockId,
  bytesOfBlock,
  type DeviceId,
  deviceIdFrom,
  keyOfDevice,
  keyOfPerson,
  type PersonId,
  personIdFrom,
} from './ids.ts';
import { LABELS } from './labels.ts';
import { LIMITS } from './limits.ts';
import { readHead, writeHead } from './log-content.ts';
import type { LogHead } from './log-place.ts';
import { anything, array, bytes, int, map, text } from './shape.ts';
import { bodyOf, makeStatement, parseStatement, type Statement, verifyStatement } from './statement.ts';

/**
 * The leaves an audit asks for: distinct, in the order drawn. The i-th draw is the first eight bytes of
 * HMAC-SHA256(nonce, label ‖ 0x00 ‖ u32 i) modulo the number of leaves; a leaf drawn before is skipped.
 */
export function auditLeaves(options: {
  readonly nonce: Uint8Array;
  readonly count: number;
  readonly leaves: number;
}): readonly number[] {
  const { nonce, leaves } = options;
  const count = Math.min(options.count, leaves);
  const drawn = new Set<number>();
  for (let i = 0; drawn.size < count; i += 1) {
    const mac = createHmac('sha256', nonce)
      .update(labelled(LABELS.audit, u32(i)))
      .digest();
    drawn.add(Number(readU64(mac) % BigInt(leaves)));
  }
  return [...drawn];
}

/** What a challenge asked of a supplier. */
export interface AuditQuestion {
  readonly network: Uint8Array;
  readonly owner: PersonId;
  readonly supplier: DeviceId;
  readonly block: BlockId;
  readonly seat: number;
  readonly nonce: Uint8Array;
  readonly count: number;
}

/** The supplier's signed answer: `evidence` is hex of the SHA-256 of the stream with leaves and paths. */
export interface AuditProof extends AuditQuestion {
  readonly evidence: string;
  readonly heads: readonly LogHead[];
  readonly at: number;
}

/** The supplier's signed word that he does not answer: evidence against him that anybody can check. */
export interface AuditRefusal extends AuditQuestion {
  /** A code of the error catalogue. */
  readonly reason: string;
  readonly heads: readonly LogHead[];
  readonly at: number;
}

/** A parsed answer with its bytes. */
export type AuditAnswer =
  | ({ readonly type: 'proof'; readonly bytes: Uint8Array } & AuditProof)
  | ({ readonly type: 'refusal'; readonly bytes: Uint8Array } & AuditRefusal);

const questionFields = {
  network: bytes(32),
  owner: bytes(32),
  supplier: bytes(32),
  block: bytes(32),
  seat: int(0, LIMITS.seatsMax.value - 1),
  nonce: bytes(32),
  count: int(1, LIMITS.auditLeavesMax.value),
  heads: array(anything, LIMITS.logsPerOwnerMax.value),
  at: int(),
} as const;

const proofShape = map({ ...questionFields, evidence: bytes(32) });
const refusalShape = map({ ...questionFields, reason: text(64) });

function wireOf(answer: AuditProof | AuditRefusal) {
  return {
    network: answer.network,
    owner: keyOfPerson(answer.owner),
    supplier: keyOfDevice(answer.supplier),
    block: bytesOfBlock(answer.block),
    seat: answer.seat,
    nonce: answer.nonce,
    count: answer.count,
    heads: answer.heads.map(writeHead),
    at: answer.at,
  };
}

/** Signs a proof with the supplier's device key. */
export function makeProof(proof: AuditProof, signer: SigningKey): Statement {
  return makeStatement('proof', { ...wireOf(proof), evidence: fromHex(proof.evidence) }, signer);
}

/** Signs a refusal with the supplier's device key. */
export function makeRefusal(refusal: AuditRefusal, signer: SigningKey): Statement {
  return makeStatement('refusal', { ...wireOf(refusal), reason: refusal.reason }, signer);
}

function commonOf(body: ReturnType<typeof proofShape.check> | ReturnType<typeof refusalShape.check>) {
  return {
    network: body.network,
    owner: personIdFrom(body.owner),
    supplier: deviceIdFrom(body.supplier),
    block: toHex(body.block),
    seat: body.seat,
    nonce: body.nonce,
    count: body.count,
    heads: body.heads.map(readHead),
    at: body.at,
  };
}

/** Reads a proof or refusal and checks the signature of the supplier it names. Throws `ENCODING_INVALID` or `SIGNATURE_INVALID`. */
export function parseAuditAnswer(input: Uint8Array): AuditAnswer {
  const statement = parseStatement(input, { bytesMax: LIMITS.smallStatementBytesMax.value });
  if (statement.type === 'refusal') {
    const body = bodyOf(statement, refusalShape);
    verifyStatement(statement, { type: 'refusal', keys: [body.supplier] });
    return { type: 'refusal', ...commonOf(body), reason: body.reason, bytes: statement.bytes };
  }
  const body = bodyOf(statement, proofShape);
  verifyStatement(statement, { type: 'proof', keys: [body.supplier] });
  return { type: 'proof', ...commonOf(body), evidence: toHex(body.evidence), bytes: statement.bytes };
}

/** True when the answer is to this question, word for word. */
export function answersQuestion(answer: AuditAnswer, question: AuditQuestion): boolean {
  return (
    toHex(answer.network) === toHex(question.network) &&
    answer.owner === question.owner &&
    answer.supplier === question.supplier &&
    answer.block === question.block &&
    answer.seat === question.seat &&
    toHex(answer.nonce) === toHex(question.nonce) &&
    answer.count === question.count
  );
}
