import type { AnyStateMachine } from 'xstate';
import { backupMonitorMachine } from './backup/backup-monitor.machine.ts';
import { backupTaskMachine } from './backup/backup-task.machine.ts';
import { catalogueSynchronizerMachine } from './backup/catalogue-synchronizer.machine.ts';
import { dataSenderMachine } from './backup/data-sender.machine.ts';
import { logSynchronizerMachine } from './backup/log-synchronizer.machine.ts';
import { versionKeeperMachine } from './backup/version-keeper.machine.ts';
import { contactStatusMachine } from './contacts/contact-status.machine.ts';
import { handshakerMachine } from './contacts/handshaker.machine.ts';
import { customerAgreementMachine } from './customers/customer-agreement.machine.ts';
import { customersRejectorMachine } from './customers/customers-rejector.machine.ts';
import { familyMemberMachine } from './customers/family-member.machine.ts';
import { storeCheckerMachine } from './customers/store-checker.machine.ts';
import { identityRegistrarMachine } from './identity/identity-registrar.machine.ts';
import { identityRestorerMachine } from './identity/identity-restorer.machine.ts';
import { nicknameHolderMachine } from './identity/nickname-holder.machine.ts';
import { nicknameObserverMachine } from './identity/nickname-observer.machine.ts';
import { directoryMemberMachine } from './network/directory-member.machine.ts';
import { networkConnectorMachine } from './network/network-connector.machine.ts';
import { peerConnectorMachine } from './network/peer-connector.machine.ts';
import { peerLinkMachine } from './network/peer-link.machine.ts';
import { recordPublisherMachine } from './network/record-publisher.machine.ts';
import { transportListenerMachine } from './network/transport-listener.machine.ts';
import { backupRebuilderMachine } from './rebuild/backup-rebuilder.machine.ts';
import { blockRebuilderMachine } from './rebuild/block-rebuilder.machine.ts';
import { blockFetcherMachine } from './restore/block-fetcher.machine.ts';
import { restoreTaskMachine } from './restore/restore-task.machine.ts';
import { fireHireMachine } from './suppliers/fire-hire.machine.ts';
import { supplierConnectorMachine } from './suppliers/supplier-connector.machine.ts';
import { supplierFinderMachine } from './suppliers/supplier-finder.machine.ts';
import { supplierInventoryMachine } from './suppliers/supplier-inventory.machine.ts';
import { budgetKeeperMachine } from './system/budget-keeper.machine.ts';
import { diskGuardMachine } from './system/disk-guard.machine.ts';
import { nodeLifecycleMachine } from './system/node-lifecycle.machine.ts';
import { serviceLifecycleMachine } from './system/service-lifecycle.machine.ts';
import { workerPoolMachine } from './system/worker-pool.machine.ts';

/** Chapters in the order of the story; folders everywhere have these names. */
export const CHAPTERS = [
  'system',
  'identity',
  'network',
  'contacts',
  'suppliers',
  'customers',
  'backup',
  'restore',
  'rebuild',
] as const;

export type Chapter = (typeof CHAPTERS)[number];

/** One machine of the node. It is in this list or it does not exist. */
export interface MachineRow {
  readonly machine: AnyStateMachine;
  readonly chapter: Chapter;
  /** Names of BitDust's automats that it mirrors; empty when it is new. */
  readonly mirrors: readonly string[];
  /** What there is one of it per. */
  readonly per: string;
}

/** Every machine of the node, by chapter; its name is `machine.id`. */
export const MACHINES: readonly MachineRow[] = [
  // system
  { machine: budgetKeeperMachine, chapter: 'system', mirrors: [], per: 'node' },
  { machine: diskGuardMachine, chapter: 'system', mirrors: [], per: 'store folder' },
  { machine: nodeLifecycleMachine, chapter: 'system', mirrors: ['initializer', 'shutdowner'], per: 'node' },
  { machine: serviceLifecycleMachine, chapter: 'system', mirrors: ['local_service'], per: 'service' },
  { machine: workerPoolMachine, chapter: 'system', mirrors: ['raid_worker'], per: 'node' },
  // identity
  { machine: identityRegistrarMachine, chapter: 'identity', mirrors: ['id_registrator'], per: 'registration' },
  { machine: identityRestorerMachine, chapter: 'identity', mirrors: ['id_restorer'], per: 'recovery' },
  { machine: nicknameHolderMachine, chapter: 'identity', mirrors: ['nickname_holder'], per: 'nickname' },
  { machine: nicknameObserverMachine, chapter: 'identity', mirrors: ['nickname_observer'], per: 'search' },
  // network
  { machine: directoryMemberMachine, chapter: 'network', mirrors: [], per: 'node' },
  { machine: networkConnectorMachine, chapter: 'network', mirrors: ['network_connector'], per: 'node' },
  { machine: peerConnectorMachine, chapter: 'network', mirrors: [], per: 'wanted peer' },
  { machine: peerLinkMachine, chapter: 'network', mirrors: ['tcp_connection', 'udp_session'], per: 'link' },
  { machine: recordPublisherMachine, chapter: 'network', mirrors: ['id_rotator'], per: 'own signed record' },
  { machine: transportListenerMachine, chapter: 'network', mirrors: ['network_transport'], per: 'transport' },
  // contacts
  { machine: contactStatusMachine, chapter: 'contacts', mirrors: ['online_status'], per: 'watched peer' },
  { machine: handshakerMachine, chapter: 'contacts', mirrors: ['handshaker'], per: 'peer being greeted' },
  // suppliers
  { machine: fireHireMachine, chapter: 'suppliers', mirrors: ['fire_hire'], per: 'node' },
  { machine: supplierConnectorMachine, chapter: 'suppliers', mirrors: ['supplier_connector'], per: 'owner × supplier' },
  { machine: supplierFinderMachine, chapter: 'suppliers', mirrors: ['supplier_finder'], per: 'empty seat' },
  { machine: supplierInventoryMachine, chapter: 'suppliers', mirrors: ['list_files_orator'], per: 'supplier' },
  // customers
  { machine: customerAgreementMachine, chapter: 'customers', mirrors: ['customer_assistant'], per: 'customer' },
  { machine: customersRejectorMachine, chapter: 'customers', mirrors: ['customers_rejector'], per: 'node' },
  { machine: familyMemberMachine, chapter: 'customers', mirrors: ['family_member'], per: 'customer family' },
  { machine: storeCheckerMachine, chapter: 'customers', mirrors: [], per: 'store folder' },
  // backup
  { machine: backupMonitorMachine, chapter: 'backup', mirrors: ['backup_monitor'], per: 'node' },
  { machine: backupTaskMachine, chapter: 'backup', mirrors: ['backup'], per: 'version being stored' },
  {
    machine: catalogueSynchronizerMachine,
    chapter: 'backup',
    mirrors: ['index_synchronizer', 'keys_synchronizer'],
    per: 'document',
  },
  { machine: dataSenderMachine, chapter: 'backup', mirrors: ['data_sender', 'file_up'], per: 'owner × supplier' },
  { machine: logSynchronizerMachine, chapter: 'backup', mirrors: [], per: 'owner whose log we follow' },
  { machine: versionKeeperMachine, chapter: 'backup', mirrors: [], per: 'node' },
  // restore
  { machine: blockFetcherMachine, chapter: 'restore', mirrors: ['file_down'], per: 'block wanted' },
  { machine: restoreTaskMachine, chapter: 'restore', mirrors: ['restore_worker'], per: 'download' },
  // rebuild
  { machine: backupRebuilderMachine, chapter: 'rebuild', mirrors: ['backup_rebuilder'], per: 'node' },
  { machine: blockRebuilderMachine, chapter: 'rebuild', mirrors: [], per: 'block in repair' },
];

/** The row of a machine by its name. */
export function machineRow(name: string): MachineRow | undefined {
  return MACHINES.find((row) => row.machine.id === name);
}

/** The chapter a machine belongs to; machines outside the registry count as system. */
export function chapterOf(name: string): Chapter {
  return machineRow(name)?.chapter ?? 'system';
}
