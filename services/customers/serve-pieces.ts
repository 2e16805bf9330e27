import type { Self } from '../../ports/identity.ts';
import type { OutgoingStream, PeerAnswer, PeerRequest } from '../../ports/messenger.ts';
import type { OrderLogs } from '../../ports/order-logs.ts';
import type { PieceRange, PieceRef, PieceSpan, PieceStore } from '../../ports/pieces.ts';
import { auditLeaves, makeProof, makeRefusal } from '../../protocol/audit.ts';
import { makeEvidence } from '../../protocol/audit-evidence.ts';
import { checkPayload, type PayloadOf } from '../../protocol/commands.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import { concatBytes, equalBytes, fromHex, sha256, toHex } from '../../protocol/hash.ts';
import { bytesOfBlock, type PersonId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { leafCount, rangePath } from '../../protocol/piece-tree.ts';
import { type CustomerDesk, orCode, refOf } from './customer-desk.ts';

export interface ServeNeeds {
  readonly self: Pick<Self, 'device' | 'signer' | 'networkId'>;
  readonly clock: { now(): number };
  readonly desk: CustomerDesk;
  readonly logs: Pick<OrderLogs, 'of'>;
  readonly pieces: Pick<PieceStore, 'standing' | 'row' | 'read' | 'prove' | 'digest' | 'split' | 'each'>;
  /** A read met a piece that is broken on the disk. */
  readonly onRotten: (ref: PieceRef) => void;
  readonly onUnexpected: (error: unknown) => void;
}

/** Ranges begin at a multiple of so many leaves and hold as many, so that sizes of files do not show. */
const LEAVES_STEP = 4;
const PARTS = 64;
const HASH_BYTES = 32;

type Wanted = PayloadOf<'Retrieve'>['pieces'][number];

/** The reading side of a supplier: `Retrieve`, `ListFiles` and `AuditPiece`. */
export function createServer(needs: ServeNeeds) {
  const { self, clock, desk, logs, pieces } = needs;

  function noteRotten(ref: PieceRef, error: unknown): void {
    if (isBitDustError(error, 'PIECE_ROTTEN')) needs.onRotten(ref);
  }

  async function serve(ref: PieceRef, { leaf, leaves }: Wanted) {
    try {
      const range = await pieces.read(ref, { leaf, leaves });
      const toEnd = range.firstLeaf + range.leaves === leafCount(range.length);
      if (leaf % LEAVES_STEP !== 0 || (range.leaves % LEAVES_STEP !== 0 && !toEnd)) {
        throw new BitDustError('BAD_INPUT', 'Ranges are aligned to four leaves.');
      }
      const stream = await streamOf(range, (error) => noteRotten(ref, error));
      const { length, firstLeaf } = range;
      return { payload: { result: 'sent', length, leaf: firstLeaf, leaves: range.leaves }, stream };
    } catch (error) {
      noteRotten(ref, error);
      throw error;
    }
  }

  async function filesOfSpan(customer: PersonId, ask: { from: Uint8Array | null; before: Uint8Array | null }) {
    const span = spanOf(ask);
    const mine = await pieces.digest(customer, span);
    return {
      mine,
      async differing() {
        if (mine.count > LIMITS.pieceIdsPerFilesMax.value) {
          const parts = await pieces.split(customer, { span, parts: PARTS });
          return {
            kind: 'parts',
            parts: parts.map(({ span: part, count, bytes, digest }) => ({
              from: part.from === undefined ? ask.from : bytesOfBlock(part.from),
              before: part.before === undefined ? ask.before : bytesOfBlock(part.before),
              count,
              bytes,
              digest,
            })),
          };
        }
        return { kind: 'pieces', ...(await packedPieces(pieces.each(customer, span))) };
      },
    };
  }

  async function prove(ref: PieceRef, asked: PayloadOf<'AuditPiece'>) {
    const row = await pieces.row(ref);
    if (row === undefined) throw new BitDustError('PIECE_UNKNOWN');
    const wanted = auditLeaves({ nonce: asked.nonce, count: asked.count, leaves: leafCount(row.length) });
    const { leafHashes, leaves } = await pieces.prove(ref, wanted);
    return makeEvidence({ leafHashes, leaves });
  }

  return {
    async retrieve(request: PeerRequest): Promise<PeerAnswer> {
      const customer = desk.reader(request);
      const wanted = checkPayload('Retrieve', request.payload).pieces;
      const served = await Promise.all(
        wanted.map((piece) => orCode(() => serve(refOf(customer, piece), piece), needs.onUnexpected)),
      );
      return {
        payload: { results: served.map((one) => ('payload' in one ? one.payload : { result: one.code })) },
        streams: served.flatMap((one) => ('stream' in one ? [one.stream] : [])),
      };
    },
    async listFiles(request: PeerRequest): Promise<PeerAnswer> {
      const customer = desk.reader(request);
      const ask = checkPayload('ListFiles', request.payload);
      if (ask.ask === 'have') {
        const standing = await pieces.standing(ask.pieces.map((piece) => refOf(customer, piece)));
        return { payload: { kind: 'standing', standing: [...standing] } };
      }
      const { mine, differing } = await filesOfSpan(customer, ask);
      const same = mine.count === ask.count && equalBytes(mine.digest, ask.digest);
      return { payload: same ? { kind: 'equal', count: mine.count, bytes: mine.bytes } : await differing() };
    },
    async auditPiece(request: PeerRequest): Promise<PeerAnswer> {
      const customer = desk.owner(request);
      const asked = checkPayload('AuditPiece', request.payload);
      const ref = refOf(customer, asked);
      const log = await logs.of(customer);
      const common = {
        network: self.networkId,
        owner: customer,
        supplier: self.device,
        block: ref.block,
        seat: ref.seat,
        nonce: asked.nonce,
        count: asked.count,
        heads: log.heads(),
        at: clock.now(),
      };
      try {
        const evidence = await prove(ref, asked);
        const { bytes } = makeProof({ ...common, evidence: toHex(sha256(evidence)) }, self.signer);
        return { payload: { statement: bytes }, streams: [{ length: evidence.length, bytes: evidence }] };
      } catch (error) {
        // Only what is lost is refused in writing; a disk that is away is no answer at all.
        if (!isBitDustError(error, 'PIECE_UNKNOWN') && !isBitDustError(error, 'PIECE_ROTTEN')) throw error;
        noteRotten(ref, error);
        return { payload: { statement: makeRefusal({ ...common, reason: error.code }, self.signer).bytes } };
      }
    },
  };
}

function spanOf(ask: { readonly from: Uint8Array | null; readonly before: Uint8Array | null }): PieceSpan {
  return {
    ...(ask.from === null ? {} : { from: toHex(ask.from) }),
    ...(ask.before === null ? {} : { before: toHex(ask.before) }),
  };
}

/** The live pieces as 33 bytes each; a block is named whole or left to the next answer. */
async function packedPieces(rows: ReturnType<PieceStore['each']>) {
  const max = LIMITS.pieceIdsPerFilesMax.value;
  const listed: { readonly block: string; readonly seat: number }[] = [];
  let next: string | null = null;
  for await (const { block, seat, trash, rotten } of rows) {
    if (trash !== null || rotten) continue;
    if (listed.length === max) {
      next = block;
      break;
    }
    listed.push({ block, seat });
  }
  const whole = listed.filter(({ block }) => block !== next);
  return {
    pieces: concatBytes(...whole.flatMap(({ block, seat }) => [fromHex(block), Uint8Array.of(seat)])),
    next: next === null ? null : bytesOfBlock(next),
  };
}

/** u16 count of path hashes, the hashes, the leaves; the first step is read before it is promised. */
async function streamOf(range: PieceRange, onError: (error: unknown) => void): Promise<OutgoingStream> {
  const path = rangePath(range.leafHashes, { first: range.firstLeaf, count: range.leaves });
  const head = new Uint8Array(2 + path.length);
  new DataView(head.buffer).setUint16(0, path.length / HASH_BYTES);
  head.set(path, 2);
  const content = range.content[Symbol.asyncIterator]();
  const first = await content.next();
  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      yield head;
      for (let step = first; step.done !== true; step = await content.next()) yield step.value;
    } catch (error) {
      onError(error);
      throw error;
    } finally {
      await content.return?.();
    }
  }
  return { length: head.length + range.contentBytes, bytes: bytes() };
}
