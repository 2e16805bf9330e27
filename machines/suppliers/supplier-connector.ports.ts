import type { Fact } from '../../bus/facts/index.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import type { Effect } from '../kit/port.ts';

export interface SupplierConnectorInput {
  readonly owner: PersonId;
  readonly supplier: DeviceId;
  readonly seat: number;
  /** Bytes to be promised. */
  readonly bytes: number;
  /** An agreement signed by both is in the record. */
  readonly agreed: boolean;
  readonly online: boolean;
  readonly seed: number;
}

export type AgreementAnswer =
  | { readonly kind: 'agreed'; readonly bytes: number }
  | { readonly kind: 'refused'; readonly why: string };

export interface SupplierConnectorPorts {
  /** Asks for an agreement, or for another size of the one there is. */
  readonly requestAgreement: Effect<{ supplier: DeviceId; seat: number; bytes: number }, AgreementAnswer>;
  readonly endAgreement: Effect<{ supplier: DeviceId }, void>;
}

export type SupplierConnectorCommand =
  | { readonly type: 'connect' }
  | { readonly type: 'resize'; readonly bytes: number }
  | { readonly type: 'leave' }
  | { readonly type: 'stop' };
export type SupplierConnectorHeard = Fact<
  'contact.came-online' | 'contact.went-offline' | 'delivery.refused' | 'supplier.gave-notice'
>;

export interface SupplierConnectorContext extends SupplierConnectorInput {
  readonly refusals: number;
  readonly attempt: number;
  readonly wanted: number;
  readonly why: string;
}
