import { deviceIdFrom, fingerprint, personIdFrom } from '../../protocol/ids.ts';
import { requireWordsOf } from '../../services/identity/words.ts';
import type { IdAnswer } from '../api/identity.ts';
import { homePaths } from '../home.ts';
import { identityOf } from './home-identity.ts';

const isoTime = (ms: number): string => new Date(ms).toISOString();

/** The identity of a home whose node is stopped, as far as others may see it. */
export async function showIdentity(home: string): Promise<IdAnswer> {
  const { file, state } = await identityOf(home).loadPublic();
  const person = personIdFrom(file.person);
  const current = deviceIdFrom(state.device);
  return {
    home: homePaths(home).home,
    person,
    device: current,
    nickname: state.nickname,
    fingerprint: fingerprint(person),
    revision: file.head.revision,
    issuedAt: isoTime(file.list.issued),
    expiresAt: isoTime(file.list.expires),
    devices: file.list.devices.map(({ key, added }) => {
      const device = deviceIdFrom(key);
      return { device, label: null, addedAt: isoTime(added), current: device === current };
    }),
    // What it offers, where, and who passes its file on is known while it runs.
    services: [],
    addresses: [],
    sources: [],
  };
}

/** Checks that the owner has the words of this home's identity, and notes that they do. */
export async function confirmWords(home: string, words: readonly string[]): Promise<{ readonly confirmed: true }> {
  const store = identityOf(home);
  const { file, state } = await store.loadPublic();
  requireWordsOf(file.person, words);
  if (!state.wordsConfirmed) await store.saveState({ ...state, wordsConfirmed: true });
  return { confirmed: true };
}
