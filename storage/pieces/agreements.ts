import type { Disk } from '../../ports/disk.ts';
import type { KeptDocument, PieceStore } from '../../ports/pieces.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { PersonId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { decodeLocal, encodeLocal } from '../../protocol/local-codec.ts';
import type { Layout } from './layout.ts';
import type { PieceIndex } from './piece-index.ts';
import { KEYS } from './rows.ts';

interface ContractCopy {
  readonly customer: PersonId;
  readonly bytes: number;
  readonly contract: Uint8Array;
}

interface Needs {
  readonly disk: Disk;
  readonly layout: Layout;
  readonly index: PieceIndex;
}

type Agreements = Pick<PieceStore, 'grant' | 'contract' | 'charge' | 'forget' | 'document' | 'keepDocument'>;

/** Contracts, charges and documents of customers; all of it counts in one account each. */
export function createAgreements({ disk, layout, index }: Needs): Agreements {
  const { accounts, records } = index;
  return {
    grant: ({ customer, bytes, donatedBytes, contract }) =>
      index.inTurn(async () => {
        requireBytes(bytes);
        const others = accounts.all().filter((account) => account.customer !== customer);
        const promised = others.reduce((sum, account) => sum + account.grantBytes, 0);
        if (promised + bytes > donatedBytes) {
          throw new BitDustError('SPACE_PROMISED', undefined, { details: { promised, bytes, donatedBytes } });
        }
        // The copy beside the pieces comes first: should the index be lost, the grant is known from it.
        const copy: ContractCopy = { customer, bytes, contract };
        await disk.replaceFile(layout.contract(customer), encodeLocal(copy));
        await index.commit({
          operations: [{ put: KEYS.contract(customer), value: contract }],
          accounts: [{ customer, grantBytes: bytes }],
        });
      }),
    contract: (customer) => records.get(KEYS.contract(customer)),
    charge: ({ customer, what, bytes }) =>
      index.inTurn(async () => {
        requireBytes(bytes);
        if (!/^[a-z-]{1,32}$/.test(what)) throw new BitDustError('BAD_INPUT', 'A charge has a short name.');
        const growth = bytes - accounts.charge(customer, what);
        await withRoom(index, { customer, growth }, () =>
          index.commit({ operations: [], accounts: [{ customer, charge: { what, bytes } }] }),
        );
      }),
    forget: (customer) =>
      index.inTurn(async () => {
        const account = accounts.account(customer);
        if (!account) return;
        if (account.usedBytes + account.trashBytes + account.reservedBytes > 0) {
          throw new BitDustError('BAD_INPUT', 'The customer still has pieces here.');
        }
        await disk.remove(layout.contract(customer));
        await disk.syncFolder(layout.contracts);
        const operations = [{ remove: KEYS.contract(customer) }, { remove: KEYS.account(customer) }];
        const documents = { from: `d/${customer}/`, before: `d/${customer}0` };
        for await (const [key] of records.range(documents)) operations.push({ remove: key });
        await index.commit({ operations });
        accounts.forget(customer);
      }),
    document: async (customer, name) => {
      const value = await records.get(documentKey(customer, name));
      return value && decodeDocument(value);
    },
    keepDocument: (customer, name, document) => index.inTurn(() => keepDocument({ index, customer, name, document })),
  };
}

/** After the loss of the index: contracts and grants from their copies. */
export async function restoreContracts({ disk, layout, index }: Needs): Promise<void> {
  for (const { name } of await disk.list(layout.contracts)) {
    if (!name.startsWith('bd1')) continue;
    const { customer, bytes, contract } = decodeLocal<ContractCopy>(await disk.readFile(layout.contract(name)));
    await index.inTurn(() =>
      index.commit({
        operations: [{ put: KEYS.contract(customer), value: Uint8Array.from(contract) }],
        accounts: [{ customer, grantBytes: bytes }],
      }),
    );
  }
}

async function keepDocument(options: {
  readonly index: PieceIndex;
  readonly customer: PersonId;
  readonly name: string;
  readonly document: KeptDocument;
}): Promise<'kept' | 'old'> {
  const { index, customer, document } = options;
  const key = documentKey(customer, options.name);
  const before = await index.records.get(key);
  const old = before && decodeDocument(before);
  if (old && old.version >= document.version) return 'old';
  const growth = document.bytes.length - (old?.bytes.length ?? 0);
  await withRoom(index, { customer, growth }, () =>
    index.commit({
      operations: [{ put: key, value: encodeLocal(document) }],
      accounts: [{ customer, documentBytes: growth }],
    }),
  );
  return 'kept';
}

function decodeDocument(value: Uint8Array): KeptDocument {
  const { version, hash, bytes } = decodeLocal<KeptDocument>(value);
  return { version, hash, bytes: Uint8Array.from(bytes) };
}

function documentKey(customer: PersonId, name: string): string {
  if (!/^[a-z-]+$/.test(name) || name.length > LIMITS.documentNameCharsMax.value) {
    throw new BitDustError('BAD_INPUT', 'A document has a short name of small letters.');
  }
  return KEYS.document(customer, name);
}

/** Holds the room while the change is written, as uploads reserve theirs at any moment. */
async function withRoom(
  index: PieceIndex,
  { customer, growth }: { readonly customer: PersonId; readonly growth: number },
  write: () => Promise<void>,
): Promise<void> {
  const reservation = index.accounts.reserve(customer, Math.max(0, growth));
  try {
    await write();
  } finally {
    reservation.release();
  }
}

function requireBytes(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw new BitDustError('BAD_INPUT', 'Bytes are a whole number.');
}
