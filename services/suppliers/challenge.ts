import type { Self } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { OrderLog } from '../../ports/order-logs.ts';
import type { Random } from '../../ports/world.ts';
import { type AuditQuestion, answersQuestion, parseAuditAnswer } from '../../protocol/audit.ts';
import { checkEvidence } from '../../protocol/audit-evidence.ts';
import { pieceBytes } from '../../protocol/block-size.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes, fromHex, sha256 } from '../../protocol/hash.ts';
import { type BlockId, bytesOfBlock, type DeviceId } from '../../protocol/ids.ts';

export interface ChallengeNeeds {
  readonly self: Self;
  readonly messenger: Messenger;
  readonly random: Random;
  readonly log: Pick<OrderLog, 'block'>;
}

const LEAVES = 3;
const DEADLINE_MS = 30_000;
const EVIDENCE_BYTES_MAX = 1024 * 1024;

/** Asks a supplier to prove one piece by random leaves. True when he did; false is his refusal or wrong bytes; rejects when he is silent. */
export async function challengePiece(
  needs: ChallengeNeeds,
  options: {
    readonly supplier: DeviceId;
    readonly seat: number;
    readonly block: BlockId;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  const { self, messenger, random, log } = needs;
  const row = await log.block(options.block);
  const index = row?.seats.indexOf(options.seat) ?? -1;
  if (!row || index < 0) throw new BitDustError('PIECE_UNKNOWN', 'No record names such a piece.');
  const question: AuditQuestion = {
    network: self.networkId,
    owner: self.person,
    supplier: options.supplier,
    block: options.block,
    seat: options.seat,
    nonce: random.bytes(32),
    count: LEAVES,
  };
  const { block, seat, nonce, count } = question;
  const answer = await messenger.request(
    options.supplier,
    'AuditPiece',
    { block: bytesOfBlock(block), seat, nonce, count },
    { signal: options.signal, deadlineMs: DEADLINE_MS, owner: self.person },
  );
  const proof = parseAuditAnswer(answer.payload['statement'] as Uint8Array);
  if (proof.type === 'refusal' || !answersQuestion(proof, question)) return false;
  const evidence = await answer.streams[0]?.collect(EVIDENCE_BYTES_MAX);
  if (!evidence || !equalBytes(sha256(evidence), fromHex(proof.evidence))) return false;
  const root = row.roots.subarray(index * 32, index * 32 + 32);
  return checkEvidence({ root, length: pieceBytes(row.k, row.size), nonce, count, evidence });
}
