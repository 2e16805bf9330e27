import type { KnownCandidate } from '../../machines/suppliers/choose-seats.ts';
import type { AddressBook } from '../../ports/addresses.ts';
import type { Contacts } from '../../ports/contacts.ts';
import type { Roles } from '../../ports/publishing.ts';
import type { DeviceId } from '../../protocol/ids.ts';

export interface CandidatesNeeds {
  readonly roles: Pick<Roles, 'lookUpRole'>;
  readonly contacts: Pick<Contacts, 'greet'>;
  readonly addressBook: Pick<AddressBook, 'known'>;
}

/** Greetings of one look-up that run at a time. */
const GREETINGS_AT_ONCE = 16;

/** Devices that announced to store for others, greeted, so that their person and address are known. */
export function createCandidates(needs: CandidatesNeeds) {
  return async (options: {
    readonly except: readonly DeviceId[];
    readonly count: number;
    readonly signal: AbortSignal;
  }): Promise<readonly KnownCandidate[]> => {
    const devices = [...(await needs.roles.lookUpRole('supplier', options))];
    const found: KnownCandidate[] = [];
    const work = async (): Promise<void> => {
      for (let device = devices.shift(); device !== undefined; device = devices.shift()) {
        const { outcome, person } = await needs.contacts.greet(device, options.signal);
        if (outcome !== 'shaken' || person === null) continue;
        found.push({ device, person, domain: domainOf(needs.addressBook.known(device)[0]), score: 0 });
      }
    };
    await Promise.all(Array.from({ length: GREETINGS_AT_ONCE }, work));
    return found;
  };
}

/** The failure domain of an address: its /24 or /48, and on loopback each port, since every process there stands for a household. */
export function domainOf(address: string | undefined): string | null {
  if (address === undefined) return null;
  const { hostname, port } = new URL(address.replace(/^[a-z]+:/, 'http:'));
  const host = hostname.replace(/^\[|\]$/g, '');
  if (host.startsWith('127.') || host === '::1' || host === 'localhost') return `${host}:${port}`;
  if (host.includes(':')) return host.split(':').slice(0, 3).join(':');
  return host.split('.').slice(0, 3).join('.');
}
