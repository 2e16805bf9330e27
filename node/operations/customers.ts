import type { CustomerView } from '../../ports/customers.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { isPersonId } from '../../protocol/ids.ts';
import type { CustomerRow } from '../api/customers.ts';
import type { NodeOperations } from '../api/index.ts';
import type { SupplierPart } from '../assembly/chapters.ts';
import type { Core } from '../assembly/core.ts';
import { writeSettings } from '../config/layers.ts';
import { isoOrNull } from './status.ts';

export interface CustomersOperationsNeeds {
  readonly core: Core;
  readonly supplier: () => SupplierPart | null;
}

function row(view: CustomerView): CustomerRow {
  const { contract } = view;
  return {
    person: view.person,
    nickname: null,
    state: view.state,
    contract: { ...contract, noticeUntil: isoOrNull(contract.noticeUntil) },
    pieces: view.pieces,
    seenAt: isoOrNull(view.seenAt),
  };
}

/** The people whose pieces this node keeps, and how much it gives. */
export function customersOperations({
  core,
  supplier,
}: CustomersOperationsNeeds): Pick<NodeOperations, 'customers' | 'donate'> {
  const own = (): SupplierPart => {
    const part = supplier();
    if (!part) throw new BitDustError('SERVICE_OFF', 'This node gives no space: the service supplier is off.');
    return part;
  };
  return {
    customers: {
      list: async () => {
        const { customers, ...totals } = own().customers.totals();
        void customers;
        return { ...totals, customers: own().customers.list().map(row) };
      },
      reject: async ({ customer }) => {
        if (!isPersonId(customer)) throw new BitDustError('CUSTOMER_NOT_FOUND');
        return row(await own().customers.reject(customer));
      },
    },
    donate: async ({ bytes }) => {
      const part = supplier();
      const fromBytes = part?.customers.totals().donatedBytes ?? null;
      writeSettings(core.config.home, { 'services.supplier.donate': bytes });
      if (!part)
        return {
          donatedBytes: bytes,
          promisedBytes: null,
          usedBytes: null,
          trashBytes: null,
          freeBytes: null,
          fromBytes,
        };
      await part.customers.setDonation(bytes);
      core.bus.publish({ type: 'space.donation-changed', bytes });
      const { promisedBytes, usedBytes, trashBytes, freeBytes } = part.customers.totals();
      return { donatedBytes: bytes, promisedBytes, usedBytes, trashBytes, freeBytes, fromBytes };
    },
  };
}
