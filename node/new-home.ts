import { existsSync, statfsSync } from 'node:fs';
import { BitDustError } from '../protocol/errors.ts';
import type { InitAnswer, RecoverAnswer } from './api/local.ts';
import { writeSettings } from './config/layers.ts';
import { roleValues } from './config/roles.ts';
import { adoptNetwork } from './network-file.ts';
import type { CreateIdentityOptions, OfflineIdentity, RecoverIdentityOptions } from './offline.ts';

/** Makes a new home: an identity, then its network and its settings, so that a refusal leaves nothing behind. */
export async function makeNewHome(
  home: string,
  options: CreateIdentityOptions,
  { createIdentity }: Pick<OfflineIdentity, 'createIdentity'>,
): Promise<InitAnswer> {
  roleValues(options.role, null);
  const answer = await createIdentity(home, options);
  settle(home, options);
  return answer;
}

/** Makes a home from the words of an identity; the settings come back with it where they are known. */
export async function recoverHome(
  home: string,
  options: RecoverIdentityOptions & { readonly role: string },
  { recoverIdentity }: Pick<OfflineIdentity, 'recoverIdentity'>,
): Promise<RecoverAnswer> {
  roleValues(options.role, null);
  const answer = await recoverIdentity(home, options);
  settle(home, { ...options, nickname: answer.nickname });
  return { ...answer, role: options.role };
}

function settle(
  home: string,
  { role, nickname, network }: Pick<CreateIdentityOptions, 'role' | 'nickname' | 'network'>,
): void {
  if (!existsSync(home)) throw new BitDustError('HOME_INVALID', `The home ${home} vanished.`);
  if (network) adoptNetwork(home, network);
  const { bavail, bsize } = statfsSync(home);
  const donate = roleValues(role, bavail * bsize)['services.supplier.donate'];
  writeSettings(home, {
    role,
    ...(nickname === null ? {} : { nickname }),
    // Fixed at the first day: a donation must not shrink because the disk fills up.
    ...(donate === undefined ? {} : { 'services.supplier.donate': donate }),
  });
}
