/** Files that may be longer than their limit, with the reason. This list may only shrink. */
export const LONG_FILES: Readonly<Record<string, string>> = {
  'protocol/errors.ts': 'one table, a row an error; cut in pieces it would be harder to search',
  'services/backup/backup-task.service.ts': 'the tasks share one table of states; to be cut where a run begins',
  'services/restore/restore-task.service.ts': 'the tasks share one table of jobs; to be cut where a job is planned',
  'cli/demo/story.ts': 'one story, told in the order in which it happens',
};

/** Functions that may be longer than the limit, `path#name`, with the reason. This list may only shrink. */
export const LONG_FUNCTIONS: Readonly<Record<string, string>> = {
  'services/backup/backup-run.ts#runBackup': 'one pass over a folder, a step after the other',
  'services/backup/backup-task.service.ts#createBackupTasks': 'wiring in straight lines',
  'services/backup/catalogue/catalogue.ts#createCatalogue': 'one object whose methods share its trees',
  'services/backup/health-table.ts#createHealthTable': 'one object whose methods share its counts',
  'services/backup/lanes.ts#createLanes': 'one object whose methods share its queues',
  'services/customers/customers.ts#createCustomers': 'wiring in straight lines',
  'services/suppliers/suppliers.ts#createSuppliers': 'wiring in straight lines',
  'node/assembly/core.ts#buildCore': 'the composition root: straight lines, in order',
  'node/assembly/customer.ts#buildCustomer': 'the composition root: straight lines, in order',
  'node/operations/status.ts#statusOf': 'one answer, a field a line',
  'cli/demo/story.ts#compare': 'the last chapter of the story',
};

/** Places outside the seam that may use the host's clock, randomness, timers or environment, with the reason. */
export const OUTSIDE_SEAM: Readonly<Record<string, string>> = {};

/** Wiring files that still decide something, and how often. A number may only fall. */
export const DECISIONS_IN_WIRING: Readonly<Record<string, number>> = {
  'services/backup/backup-task.service.ts': 9,
  'services/backup/catalogue-synchronizer.service.ts': 5,
  'services/backup/data-sender.service.ts': 1,
  'services/backup/version-keeper.service.ts': 1,
  'services/rebuild/backup-rebuilder.service.ts': 1,
  'services/rebuild/block-rebuilder.service.ts': 5,
  'services/restore/block-fetcher.service.ts': 2,
  'services/restore/restore-task.service.ts': 2,
  'services/suppliers/supplier-connector.service.ts': 1,
  'services/suppliers/supplier-inventory.service.ts': 7,
};

/** Wiring files that set a timer themselves, with the reason. */
export const TIMERS_IN_WIRING: Readonly<Record<string, string>> = {
  'services/backup/backup-task.service.ts': 'paces the reports of a run that goes on by itself',
};
