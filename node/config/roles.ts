import { BitDustError } from '../../protocol/errors.ts';
import type { ConfigKeyName } from './keys.ts';

const DONATION_SHARE = 0.1;
const DONATION_BYTES_MAX = 20 * 2 ** 30;

/** Services that are on in every role. */
export const ALWAYS_ON = ['network', 'directory', 'identity', 'contacts'] as const;

/** Services that a role switches, as far as they are built. */
const SWITCHED = ['customer', 'supplier'] as const;

/** Every service of this version, in the order in which they need each other. */
export const SERVICES = [...ALWAYS_ON, ...SWITCHED] as const;

/** The name of a service. */
export type ServiceName = (typeof SERVICES)[number];

const ROLES: Readonly<Record<string, readonly string[]>> = {
  full: SWITCHED,
  consumer: ['customer'],
  keeper: ['supplier'],
  cleaner: ['scrubber'],
  bystander: ['bystander'],
};

/** What a role sets. A role that gives donates a tenth of the free space, at most 20 GiB. */
export function roleValues(role: string, freeBytes: number | null): Partial<Record<ConfigKeyName, unknown>> {
  const services = servicesOfRole(role);
  const gives = services.includes('supplier');
  return {
    'services.customer.enabled': services.includes('customer'),
    'services.supplier.enabled': gives,
    ...(gives && freeBytes !== null ? { 'services.supplier.donate': donationFor(freeBytes) } : {}),
  };
}

/** The donation of a new home by what is free on its disk. */
export function donationFor(freeBytes: number): number {
  return Math.min(Math.floor(freeBytes * DONATION_SHARE), DONATION_BYTES_MAX);
}

/** The roles that this version can play. */
export function builtRoles(): string[] {
  return Object.keys(ROLES).filter((role) => (ROLES[role] ?? []).every(isBuilt));
}

function servicesOfRole(role: string): readonly string[] {
  const services = ROLES[role];
  if (!services) {
    throw new BitDustError(
      'CONFIG_VALUE_INVALID',
      `There is no role '${role}'; there are ${builtRoles().join(', ')}.`,
      {
        details: { key: 'role', value: role },
      },
    );
  }
  const missing = services.find((service) => !isBuilt(service));
  if (missing !== undefined) {
    throw new BitDustError(
      'ROLE_NOT_BUILT',
      `The role '${role}' needs the service '${missing}', which this version does not have.`,
      { details: { role, service: missing } },
    );
  }
  return services;
}

function isBuilt(service: string): boolean {
  return (SERVICES as readonly string[]).includes(service);
}
