/** Deadline of a port on the own machine (disk, store, interfaces) unless a machine names another. */
export const LOCAL_TIMEOUT_MS = 10_000;
