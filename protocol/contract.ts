import { encode } from './cbor.ts';
import type { SigningKey } from './ed25519.ts';
import { BitDustError } from './errors.ts';
import { fromHex, toHex } from './hash.ts';
import { type DeviceId, deviceIdFrom, keyOfDevice, keyOfPerson, type PersonId, personIdFrom } from './ids.ts';
import { LIMITS } from './limits.ts';
import { bytes, decodeAs, int, map, nullable, oneOf, text } from './shape.ts';
import {
  addSignature,
  bodyOf,
  makeStatement,
  parseStatement,
  type Statement,
  statementHash,
  verifyStatement,
} from './statement.ts';

const DAY_MS = 86_400_000;
/** An idle limit below this is refused: silence of half a year is ordinary. */
export const IDLE_LIMIT_MIN_MS = 180 * DAY_MS;
/** The idle limit unless another is agreed. */
export const IDLE_LIMIT_DEFAULT_MS = 365 * DAY_MS;
/** A supplier's notice runs at least this long. */
export const NOTICE_MIN_MS = 30 * DAY_MS;
/** And so long to a customer who is away. */
export const NOTICE_AWAY_MIN_MS = 90 * DAY_MS;

/** What customer and supplier agreed on. It has no end by silence: it ends by the customer's order or the supplier's notice. */
export interface Contract {
  readonly network: Uint8Array;
  /** 16 random bytes as hex, drawn by the customer. */
  readonly id: string;
  readonly customer: PersonId;
  readonly customerDevice: DeviceId;
  readonly supplier: PersonId;
  readonly supplierDevice: DeviceId;
  readonly bytes: number;
  /** Agreed price; 0 is free. */
  readonly price: number;
  /** Silence the supplier bears before he gives notice. */
  readonly idleMs: number;
  /** Hash of the contract this one takes the place of, hex. */
  readonly replaces: string | null;
  /** A date after which the supplier renews it himself unless he gave notice; null for none. */
  readonly renewAt: number | null;
  readonly at: number;
}

/** A contract as it is read; `signedBy` are the sides that signed. */
export interface SignedContract extends Contract {
  readonly statement: Statement;
  readonly signedBy: readonly ('customer' | 'supplier')[];
  /** Hash of the statement, hex: changes when the second side signs. */
  readonly hash: string;
}

const contractShape = map({
  network: bytes(32),
  id: bytes(16),
  customer: bytes(32),
  customerDevice: bytes(32),
  supplier: bytes(32),
  supplierDevice: bytes(32),
  bytes: int(1),
  price: int(),
  idleMs: int(IDLE_LIMIT_MIN_MS),
  replaces: nullable(bytes(32)),
  renewAt: nullable(int()),
  at: int(),
});

function wireOf(contract: Contract) {
  return {
    network: contract.network,
    id: fromHex(contract.id),
    customer: keyOfPerson(contract.customer),
    customerDevice: keyOfDevice(contract.customerDevice),
    supplier: keyOfPerson(contract.supplier),
    supplierDevice: keyOfDevice(contract.supplierDevice),
    bytes: contract.bytes,
    price: contract.price,
    idleMs: contract.idleMs,
    replaces: contract.replaces === null ? null : fromHex(contract.replaces),
    renewAt: contract.renewAt,
    at: contract.at,
  };
}

/** The draft, signed by the side that asks. Throws `CONTRACT_INVALID` for terms nobody may sign. */
export function draftContract(contract: Contract, signer: SigningKey): Statement {
  const body = wireOf(contract);
  try {
    decodeAs(contractShape, encode(body), { bytesMax: LIMITS.contractBytesMax.value });
  } catch (error) {
    throw new BitDustError('CONTRACT_INVALID', undefined, { cause: error });
  }
  return makeStatement('contract', body, signer);
}

/** The draft with the signature of the side that accepts. */
export function acceptContract(draft: Statement, signer: SigningKey): Statement {
  return addSignature(draft, signer);
}

/** Reads a draft or contract and checks every signature on it. Throws `ENCODING_INVALID` or `SIGNATURE_INVALID`. */
export function parseContract(input: Uint8Array): SignedContract {
  const statement = parseStatement(input, { type: 'contract', bytesMax: LIMITS.contractBytesMax.value });
  const body = bodyOf(statement, contractShape);
  verifyStatement(statement, { type: 'contract', keys: [body.customerDevice, body.supplierDevice] });
  const customerDevice = deviceIdFrom(body.customerDevice);
  const supplierDevice = deviceIdFrom(body.supplierDevice);
  if (customerDevice === supplierDevice) throw new BitDustError('CONTRACT_INVALID', 'nobody serves himself');
  const signers = statement.signatures.map(({ key }) => deviceIdFrom(key));
  return {
    network: body.network,
    id: toHex(body.id),
    customer: personIdFrom(body.customer),
    customerDevice,
    supplier: personIdFrom(body.supplier),
    supplierDevice,
    bytes: body.bytes,
    price: body.price,
    idleMs: body.idleMs,
    replaces: body.replaces === null ? null : toHex(body.replaces),
    renewAt: body.renewAt,
    at: body.at,
    statement,
    signedBy: [
      ...(signers.includes(customerDevice) ? (['customer'] as const) : []),
      ...(signers.includes(supplierDevice) ? (['supplier'] as const) : []),
    ],
    hash: toHex(statementHash(statement)),
  };
}

/** True once both sides have signed. */
export function isContractComplete(contract: SignedContract): boolean {
  return contract.signedBy.length === 2;
}

/** One side's word that a contract ends. */
export interface ContractNotice {
  readonly network: Uint8Array;
  /** Hash of the contract, hex. */
  readonly contract: string;
  readonly from: DeviceId;
  readonly by: 'customer' | 'supplier';
  /** When it ends; the customer's own order may say 0, at once. */
  readonly until: number;
  readonly reason: string;
  readonly at: number;
}

/** A notice with its bytes. */
export interface SignedNotice extends ContractNotice {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

const noticeShape = map({
  network: bytes(32),
  contract: bytes(32),
  from: bytes(32),
  by: oneOf('customer', 'supplier'),
  until: int(),
  reason: text(64),
  at: int(),
});

/** Signs a notice. */
export function makeNotice(notice: ContractNotice, signer: SigningKey): Statement {
  return makeStatement(
    'notice',
    {
      network: notice.network,
      contract: fromHex(notice.contract),
      from: keyOfDevice(notice.from),
      by: notice.by,
      until: notice.until,
      reason: notice.reason,
      at: notice.at,
    },
    signer,
  );
}

/** Reads a notice and checks the signature of the device it names. That it is a side of the contract is the caller's to check. */
export function parseNotice(input: Uint8Array): SignedNotice {
  const statement = parseStatement(input, { type: 'notice', bytesMax: LIMITS.contractBytesMax.value });
  const body = bodyOf(statement, noticeShape);
  verifyStatement(statement, { type: 'notice', keys: [body.from] });
  return {
    network: body.network,
    contract: toHex(body.contract),
    from: deviceIdFrom(body.from),
    by: body.by,
    until: body.until,
    reason: body.reason,
    at: body.at,
    bytes: statement.bytes,
    hash: toHex(statementHash(statement)),
  };
}

/** The end of a supplier's notice that counts, by the receiver's clock: never sooner than the least notice. */
export function noticeEnds(
  notice: ContractNotice,
  options: { readonly receivedAt: number; readonly away: boolean },
): number {
  if (notice.by === 'customer') return options.receivedAt;
  return Math.max(notice.until, options.receivedAt + (options.away ? NOTICE_AWAY_MIN_MS : NOTICE_MIN_MS));
}
