/** The moments at which a crash leaves the store in a state of its own; each has a test that cuts the power there. */
export const CRASH_POINTS = [
  'piece.synced',
  'piece.renamed',
  'piece.named',
  'piece.indexed',
  'trash.indexed',
  'erase.indexed',
  'erase.removed',
  'compact.copied',
  'compact.indexed',
] as const;

export type CrashPoint = (typeof CRASH_POINTS)[number];
