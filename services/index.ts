/** Names of the services that are built, in order of construction. */
export const SERVICE_NAMES = ['network', 'directory', 'identity', 'contacts', 'customer', 'supplier'] as const;

export type ServiceName = (typeof SERVICE_NAMES)[number];

/** What can be switched on, seen and restarted. */
export interface ServiceRow {
  readonly name: ServiceName;
  /** Services that must be on before it starts. */
  readonly needs: readonly ServiceName[];
  /** Wiring files that belong to it, without `.service.ts`, by chapter. */
  readonly wiring: readonly string[];
  /** Switched on whatever the role. */
  readonly always: boolean;
  /** Peers may ask for it by name. */
  readonly peersMayAsk: boolean;
}

/** Every service of the node. A wiring file is in exactly one row, or in the chapter system, which the node itself owns. */
export const SERVICES: readonly ServiceRow[] = [
  {
    name: 'network',
    needs: [],
    wiring: [
      'network/network-connector',
      'network/transport-listener',
      'network/peer-connector',
      'network/peer-link',
      'network/messenger',
    ],
    always: true,
    peersMayAsk: false,
  },
  {
    name: 'directory',
    needs: ['network'],
    wiring: ['network/directory-member', 'network/record-publisher'],
    always: true,
    peersMayAsk: false,
  },
  {
    name: 'identity',
    needs: [],
    wiring: [
      'identity/identity-registrar',
      'identity/identity-restorer',
      'identity/nickname-holder',
      'identity/nickname-observer',
    ],
    always: true,
    peersMayAsk: true,
  },
  {
    name: 'contacts',
    needs: ['network', 'directory', 'identity'],
    wiring: ['contacts/contact-status', 'contacts/handshaker'],
    always: true,
    peersMayAsk: false,
  },
  {
    name: 'customer',
    needs: ['network', 'directory', 'contacts'],
    wiring: [
      'suppliers/fire-hire',
      'suppliers/supplier-finder',
      'suppliers/supplier-connector',
      'suppliers/supplier-inventory',
      'backup/backup-task',
      'backup/backup-monitor',
      'backup/data-sender',
      'backup/log-synchronizer',
      'backup/catalogue-synchronizer',
      'backup/version-keeper',
      'restore/restore-task',
      'restore/block-fetcher',
      'rebuild/backup-rebuilder',
      'rebuild/block-rebuilder',
    ],
    always: false,
    peersMayAsk: false,
  },
  {
    name: 'supplier',
    needs: ['network', 'directory', 'contacts'],
    wiring: [
      'customers/customer-agreement',
      'customers/customers-rejector',
      'customers/family-member',
      'customers/store-checker',
    ],
    always: false,
    peersMayAsk: true,
  },
];

/** The row of a service. */
export function serviceRow(name: ServiceName): ServiceRow {
  return SERVICES.find((row) => row.name === name)!;
}

/** Services that need this one, directly or through others. */
export function dependentsOf(name: ServiceName): readonly ServiceName[] {
  const direct = SERVICES.filter((row) => row.needs.includes(name)).map((row) => row.name);
  return [...new Set(direct.flatMap((other) => [other, ...dependentsOf(other)]))];
}
