import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isKeyFileLocked } from '../../protocol/key-file.ts';
import { homePaths } from '../home.ts';

/** True when the keys of a home lie under a passphrase, which a start has to ask for. */
export function needsPassphrase(home: string): boolean {
  const file = join(homePaths(home).keys, 'device.key');
  return existsSync(file) && isKeyFileLocked(readFileSync(file));
}
