/** Files that may be longer than their limit, with the reason. This list may only shrink. */
export const LONG_FILES: Readonly<Record<string, string>> = {
  'protocol/errors.ts': 'one table, a row an error; cut in pieces it would be harder to search',
};

/** Functions that may be longer than the limit, `path#name`, with the reason. This list may only shrink. */
export const LONG_FUNCTIONS: Readonly<Record<string, string>> = {};

/** Places outside the seam that may use the host's clock, randomness, timers or environment, with the reason. */
export const OUTSIDE_SEAM: Readonly<Record<string, string>> = {};

/** Wiring files that still decide something, and how often. A number may only fall. */
export const DECISIONS_IN_WIRING: Readonly<Record<string, number>> = {};

/** Wiring files that set a timer themselves, with the reason. */
export const TIMERS_IN_WIRING: Readonly<Record<string, string>> = {};
