/** Files that may be longer than their limit, with the reason. This list may only shrink. */
export const LONG_FILES: Readonly<Record<string, string>> = {
  'protocol/errors.ts': 'one table, a row an error; cut in pieces it would be harder to search',
};

/** Functions that may be longer than the limit, `path#name`, with the reason. This list may only shrink. */
export const LONG_FUNCTIONS: Readonly<Record<string, string>> = {};

/** Places outside the seam that may use the host's clock, randomness, timers or environment, with the reason. */
export const OUTSIDE_SEAM: Readonly<Record<string, string>> = {};

/** Wiring files that still decide something, and how often. A number may only fall. */
export const DECISIONS_IN_WIRING: Readonly<Record<string, number>> = {
  'services/backup/backup-task.service.ts': 9,
  'services/backup/data-sender.service.ts': 1,
  'services/rebuild/backup-rebuilder.service.ts': 1,
  'services/rebuild/block-rebuilder.service.ts': 3,
  'services/restore/block-fetcher.service.ts': 2,
  'services/restore/restore-task.service.ts': 2,
  'services/suppliers/supplier-finder.service.ts': 4,
  'services/suppliers/supplier-inventory.service.ts': 4,
};

/** Wiring files that set a timer themselves, with the reason. */
export const TIMERS_IN_WIRING: Readonly<Record<string, string>> = {};
