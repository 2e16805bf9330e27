import type { KeptDocument, PieceRef, PieceStore } from '../../ports/pieces.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { PersonId } from '../../protocol/ids.ts';

/** Accounts and documents of customers in memory, with an exact quota and pieces that may lie in the trash. */
export function createFakeCustomers(customers: readonly PersonId[], grantBytes = 1e9) {
  const charges = new Map<string, number>();
  const documents = new Map<string, KeptDocument>();
  const trash = new Map<string, PieceRef>();
  const usedBy = (customer: PersonId) =>
    [...charges].filter(([key]) => key.startsWith(`${customer}/`)).reduce((sum, [, bytes]) => sum + bytes, 0);
  const store = {
    accounts: () => customers.map((customer) => ({ customer })),
    account: (customer: PersonId) => (customers.includes(customer) ? { customer } : undefined),
    charge: async ({ customer, what, bytes }: { customer: PersonId; what: string; bytes: number }) => {
      const before = charges.get(`${customer}/${what}`) ?? 0;
      if (bytes > before && usedBy(customer) - before + bytes > grantBytes) throw new BitDustError('QUOTA_EXCEEDED');
      charges.set(`${customer}/${what}`, bytes);
    },
    document: async (customer: PersonId, name: string) => documents.get(`${customer}/${name}`),
    keepDocument: async (customer: PersonId, name: string, document: KeptDocument) => {
      if ((documents.get(`${customer}/${name}`)?.version ?? -1) >= document.version) return 'old' as const;
      documents.set(`${customer}/${name}`, document);
      return 'kept' as const;
    },
    each: async function* () {
      for (const ref of trash.values()) yield { ...ref, trash: { since: 0, due: 1 } };
    },
    bringBack: async (refs: readonly PieceRef[]) => refs.filter((ref) => trash.delete(ref.block)),
  };
  return { store: store as unknown as PieceStore, charged: usedBy, trash };
}
