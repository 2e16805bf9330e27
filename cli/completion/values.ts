import type { Context } from '../context.ts';

/** Kinds of arguments that the running node, or the program, can list cheaply. */
export const VALUE_KINDS = ['service', 'automat', 'seat', 'customer', 'key'] as const;

/** A running node that does not answer by then is left alone: a person waits at the keyboard. */
const VALUES_DEADLINE_MS = 2000;

/** What may stand for an argument of that kind now; none when nobody knows. */
export async function valuesOf(kind: string, context: Context): Promise<readonly string[]> {
  if (kind === 'key') {
    const { CONFIG_KEY_NAMES } = await import('../../node/config/keys.ts');
    return CONFIG_KEY_NAMES;
  }
  const client = await context.client();
  const signal = AbortSignal.timeout(VALUES_DEADLINE_MS);
  switch (kind) {
    case 'service':
      return (await client.call('services.list', {}, { signal })).services.map(({ name }) => name);
    case 'automat':
      return (await client.call('automats.list', { limit: 1000 }, { signal })).automats.map(({ id }) => id);
    case 'seat':
      return (await client.call('suppliers.list', {}, { signal })).suppliers.map(({ seat }) => String(seat));
    case 'customer':
      return (await client.call('customers.list', {}, { signal })).customers.map(({ person }) => person);
    default:
      return [];
  }
}
