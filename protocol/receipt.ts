import type { SigningKey } from './ed25519.ts';
import { compareBytes, fromHex, toHex } from './hash.ts';
import { type DeviceId, deviceIdFrom, keyOfDevice, keyOfPerson, type PersonId, personIdFrom } from './ids.ts';
import { LIMITS } from './limits.ts';
import { readHead, writeHead } from './log-content.ts';
import { type LogHead, logKey } from './log-place.ts';
import { anything, array, bytes, int, map, nullable } from './shape.ts';
import { bodyOf, makeStatement, parseStatement, type Statement, verifyStatement } from './statement.ts';

/** A holder's word for what he holds: serving less later is proof against him. */
export interface Receipt {
  readonly network: Uint8Array;
  readonly owner: PersonId;
  readonly holder: DeviceId;
  /** Hash of the document it is for, hex; null for a log. */
  readonly hash: string | null;
  readonly heads: readonly LogHead[];
  /** The holder's clock. */
  readonly at: number;
}

/** A verified receipt with its bytes. */
export interface SignedReceipt extends Receipt {
  readonly bytes: Uint8Array;
}

const receiptShape = map({
  network: bytes(32),
  owner: bytes(32),
  holder: bytes(32),
  hash: nullable(bytes(32)),
  heads: array(anything, LIMITS.logsPerOwnerMax.value),
  at: int(),
});

/** Signs a receipt with the holder's device key. */
export function makeReceipt(receipt: Receipt, signer: SigningKey): Statement {
  return makeStatement(
    'receipt',
    {
      network: receipt.network,
      owner: keyOfPerson(receipt.owner),
      holder: keyOfDevice(receipt.holder),
      hash: receipt.hash === null ? null : fromHex(receipt.hash),
      heads: receipt.heads.map(writeHead),
      at: receipt.at,
    },
    signer,
  );
}

/** Reads a receipt and checks the signature of the holder it names. Throws `ENCODING_INVALID` or `SIGNATURE_INVALID`. */
export function parseReceipt(input: Uint8Array): SignedReceipt {
  const statement = parseStatement(input, { type: 'receipt', bytesMax: LIMITS.smallStatementBytesMax.value });
  const body = bodyOf(statement, receiptShape);
  verifyStatement(statement, { type: 'receipt', keys: [body.holder] });
  return {
    network: body.network,
    owner: personIdFrom(body.owner),
    holder: deviceIdFrom(body.holder),
    hash: body.hash === null ? null : toHex(body.hash),
    heads: body.heads.map(readHead),
    at: body.at,
    bytes: statement.bytes,
  };
}

/** True when the receipt is of this holder, for this owner and network. */
export function isReceiptOf(
  receipt: Receipt,
  expected: { readonly network: Uint8Array; readonly owner: PersonId; readonly holder: DeviceId },
): boolean {
  return (
    receipt.owner === expected.owner &&
    receipt.holder === expected.holder &&
    compareBytes(receipt.network, expected.network) === 0
  );
}

/** Heads the holder once acknowledged and now serves less of. Not empty is proof against him, as long as the log was not refused for a fork. */
export function withheldHeads(receipt: Pick<Receipt, 'heads'>, served: readonly LogHead[]): readonly LogHead[] {
  const now = new Map(served.map((head) => [logKey(head), head]));
  return receipt.heads.filter((head) => {
    const serves = now.get(logKey(head));
    return serves === undefined || serves.seq < head.seq || (serves.seq === head.seq && serves.hash !== head.hash);
  });
}
