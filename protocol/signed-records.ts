import type { SigningKey } from './ed25519.ts';
import { BitDustError } from './errors.ts';
import { toHex } from './hash.ts';
import { type DeviceId, deviceIdFrom, keyOfDevice, keyOfPerson, type PersonId, personIdFrom } from './ids.ts';
import { LIMITS } from './limits.ts';
import { array, bytes, int, map } from './shape.ts';
import { bodyOf, makeStatement, parseStatement, type Statement, statementHash, verifyStatement } from './statement.ts';

/** One directory record, ready to be put by anybody: signed by its own key in the directory's form. */
export interface ReadyRecord {
  readonly publicKey: Uint8Array;
  readonly sequence: number;
  readonly value: Uint8Array;
  readonly signature: Uint8Array;
}

/** The records a person's suppliers keep findable: root head, list heads, recovery record. */
export interface SignedRecords {
  readonly network: Uint8Array;
  readonly owner: PersonId;
  readonly device: DeviceId;
  readonly revision: number;
  /** Rises with every change. */
  readonly version: number;
  readonly records: readonly ReadyRecord[];
}

const recordsShape = map({
  network: bytes(32),
  owner: bytes(32),
  device: bytes(32),
  revision: int(),
  version: int(1),
  records: array(
    map({ publicKey: bytes(32), sequence: int(), value: bytes({ max: 1000 }), signature: bytes(64) }),
    LIMITS.readyRecordsMax.value,
  ),
});

/** Signs the document with a device of the owner. */
export function makeSignedRecords(records: SignedRecords, signer: SigningKey): Statement {
  return makeStatement(
    'records',
    {
      network: records.network,
      owner: keyOfPerson(records.owner),
      device: keyOfDevice(records.device),
      revision: records.revision,
      version: records.version,
      records: records.records.map(({ publicKey, sequence, value, signature }) => ({
        publicKey,
        sequence,
        value,
        signature,
      })),
    },
    signer,
  );
}

/** Reads the document and checks the signature of the device it names. The records themselves are judged by the directory. */
export function parseSignedRecords(
  input: Uint8Array,
): SignedRecords & { readonly bytes: Uint8Array; readonly hash: string } {
  const statement = parseStatement(input, { type: 'records', bytesMax: LIMITS.documentBytesMax.value });
  const body = bodyOf(statement, recordsShape);
  verifyStatement(statement, { type: 'records', keys: [body.device] });
  const keys = new Set(body.records.map(({ publicKey }) => toHex(publicKey)));
  if (keys.size !== body.records.length) throw new BitDustError('ENCODING_INVALID', 'two records have one key');
  return {
    network: body.network,
    owner: personIdFrom(body.owner),
    device: deviceIdFrom(body.device),
    revision: body.revision,
    version: body.version,
    records: body.records,
    bytes: statement.bytes,
    hash: toHex(statementHash(statement)),
  };
}
