/** Ids and a time for examples; nobody has them. */
export const person = 'bd1qpzry9x8gf2tvdw0s3jn54khce6mua7lqpzry9x8gf2tvdw0s3jn54kh' as const;
export const device = 'bdd1qpzry9x8gf2tvdw0s3jn54khce6mua7lqpzry9x8gf2tvdw0s3jn54kh' as const;
export const otherDevice = 'bdd1ce6mua7lqpzry9x8gf2tvdw0s3jn54khqpzry9x8gf2tvdw0s3jn54k' as const;
export const block = '0f'.repeat(32);
export const at = '2026-11-21T09:00:00.000Z';
