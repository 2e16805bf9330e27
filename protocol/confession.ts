import type { SigningKey } from './ed25519.ts';
import { BitDustError } from './errors.ts';
import { toHex } from './hash.ts';
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
import { LIMITS } from './limits.ts';
import { array, bytes, int, map, oneOf } from './shape.ts';
import { bodyOf, makeStatement, parseStatement, type Statement, verifyStatement } from './statement.ts';

/** One piece a supplier no longer has whole. */
export interface ConfessedPiece {
  readonly block: BlockId;
  readonly seat: number;
  readonly state: 'rotten' | 'missing';
}

/** A supplier's own word about pieces he lost. */
export interface Confession {
  readonly network: Uint8Array;
  readonly owner: PersonId;
  readonly supplier: DeviceId;
  readonly pieces: readonly ConfessedPiece[];
  readonly at: number;
}

/** A confession with its bytes. */
export interface SignedConfession extends Confession {
  readonly bytes: Uint8Array;
}

const confessionShape = map({
  network: bytes(32),
  owner: bytes(32),
  supplier: bytes(32),
  pieces: array(
    map({ block: bytes(32), seat: int(0, LIMITS.seatsMax.value - 1), state: oneOf('rotten', 'missing') }),
    LIMITS.confessedPiecesMax.value,
    1,
  ),
  at: int(),
});

/** Signs a confession with the supplier's device key. */
export function makeConfession(confession: Confession, signer: SigningKey): Statement {
  return makeStatement(
    'confession',
    {
      network: confession.network,
      owner: keyOfPerson(confession.owner),
      supplier: keyOfDevice(confession.supplier),
      pieces: confession.pieces.map(({ block, seat, state }) => ({ block: bytesOfBlock(block), seat, state })),
      at: confession.at,
    },
    signer,
  );
}

/** Reads a confession and checks the signature of the supplier it names. Throws `ENCODING_INVALID` or `SIGNATURE_INVALID`. */
export function parseConfession(input: Uint8Array): SignedConfession {
  const statement = parseStatement(input, { type: 'confession', bytesMax: LIMITS.smallStatementBytesMax.value });
  const body = bodyOf(statement, confessionShape);
  verifyStatement(statement, { type: 'confession', keys: [body.supplier] });
  const pieces = body.pieces.map(({ block, seat, state }) => ({ block: toHex(block), seat, state }));
  if (new Set(pieces.map(({ block, seat }) => `${block}/${seat}`)).size !== pieces.length) {
    throw new BitDustError('ENCODING_INVALID', 'a piece is confessed twice');
  }
  return {
    network: body.network,
    owner: personIdFrom(body.owner),
    supplier: deviceIdFrom(body.supplier),
    pieces,
    at: body.at,
    bytes: statement.bytes,
  };
}
