import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BitDustError } from '../protocol/errors.ts';

/** Permissions of folders and files in a home: the owner's alone. */
export const HOME_FOLDER_MODE = 0o700;
/** See `HOME_FOLDER_MODE`. */
export const HOME_FILE_MODE = 0o600;

/** A Unix socket's path is kept in 108 bytes on Linux, 104 on other systems. */
const SOCKET_PATH_BYTES_MAX = 100;

/** Where everything of a home lies. */
export interface HomePaths {
  readonly home: string;
  /** Made and read by the identity chapter alone. */
  readonly identity: string;
  readonly keys: string;
  readonly stores: string;
  readonly pieces: string;
  readonly cache: string;
  readonly directory: string;
  readonly logs: string;
  readonly logFile: string;
  readonly lock: string;
  readonly token: string;
  /** Where the running node says how to reach it: url, socket and pid. */
  readonly apiFile: string;
  readonly socket: string;
  readonly networkFile: string;
  readonly settingsFile: string;
  readonly configFile: string;
}

/** The paths of a home. Does no I/O. */
export function homePaths(folder: string): HomePaths {
  const home = resolve(folder);
  return {
    home,
    identity: join(home, 'identity'),
    keys: join(home, 'keys'),
    stores: join(home, 'stores'),
    pieces: join(home, 'pieces'),
    cache: join(home, 'cache'),
    directory: join(home, 'directory'),
    logs: join(home, 'logs'),
    logFile: join(home, 'logs', 'node.log'),
    lock: join(home, 'lock'),
    token: join(home, 'token'),
    apiFile: join(home, 'api.json'),
    socket: socketPath(home),
    networkFile: join(home, 'network.json'),
    settingsFile: join(home, 'settings.json'),
    configFile: join(home, 'bitdust.config.ts'),
  };
}

/** The home of a command: its flag, `BITDUST_HOME`, or the platform's folder for data. */
export function chooseHome(flag: string | undefined, environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(flag ?? (environment['BITDUST_HOME'] || defaultHome(process.platform, environment)));
}

/** The platform's folder for data of programs. */
export function defaultHome(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv): string {
  const user = environment['HOME'] || homedir();
  if (platform === 'win32') return join(environment['APPDATA'] || join(user, 'AppData', 'Roaming'), 'BitDust');
  if (platform === 'darwin') return join(user, 'Library', 'Application Support', 'BitDust');
  return join(environment['XDG_DATA_HOME'] || join(user, '.local', 'share'), 'bitdust');
}

/** Makes the home and its folders, the owner's alone. Rejects with `HOME_INVALID` when it cannot be used. */
export function makeHome(folder: string): HomePaths {
  const paths = homePaths(folder);
  try {
    for (const each of [paths.home, paths.logs, paths.stores])
      mkdirSync(each, { recursive: true, mode: HOME_FOLDER_MODE });
    chmodSync(paths.home, HOME_FOLDER_MODE);
    if (!statSync(paths.home).isDirectory()) throw new Error('not a folder');
  } catch (cause) {
    throw new BitDustError('HOME_INVALID', `The home folder ${paths.home} cannot be used: ${reasonOf(cause)}.`, {
      cause,
    });
  }
  return paths;
}

function reasonOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
}

function socketPath(home: string): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\bitdust-${shortHash(home)}`;
  const inside = join(home, 'api.sock');
  if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES_MAX) return inside;
  const user = process.getuid?.() ?? 0;
  return join(tmpdir(), `bitdust-${user}-${shortHash(home)}`, 'api.sock');
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
