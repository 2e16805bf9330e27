import { z } from 'zod';
import { BitDustError } from '../protocol/errors.ts';
import { readText, replaceText } from './files.ts';
import { homePaths } from './home.ts';

const schema = z.strictObject({
  name: z.string().max(80).nullish(),
  id: z
    .string()
    .regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits')
    .nullish(),
  bootstrap: z.array(z.string().regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$/, 'host:port')).max(64),
});

/** The network a home belongs to; `id` is null until the first join. */
export interface NetworkFile {
  readonly name: string | null;
  readonly id: string | null;
  readonly bootstrap: readonly string[];
}

/** Reads a network file; rejects with `NETWORK_FILE_INVALID`, which says what is wrong with it. */
export function readNetworkFile(path: string): NetworkFile {
  const text = readText(path);
  if (text === undefined) throw new BitDustError('PATH_NOT_FOUND', `There is no network file at ${path}.`);
  const checked = schema.safeParse(parse(text, path));
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw invalid(path, `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not valid'}`);
  }
  const { name, id, bootstrap } = checked.data;
  return { name: name ?? null, id: id ?? null, bootstrap };
}

/** The network of a home; undefined when it was never told. */
export function networkOfHome(home: string): NetworkFile | undefined {
  const { networkFile } = homePaths(home);
  return readText(networkFile) === undefined ? undefined : readNetworkFile(networkFile);
}

/** Copies a network file into the home; another id than the pinned one is refused with `NETWORK_ID_DIFFERS`. */
export function adoptNetwork(home: string, network: NetworkFile): void {
  const pinned = networkOfHome(home)?.id ?? null;
  if (pinned !== null && network.id !== null && pinned !== network.id) {
    throw new BitDustError('NETWORK_ID_DIFFERS', undefined, { details: { pinned, other: network.id } });
  }
  replaceText(homePaths(home).networkFile, `${JSON.stringify({ ...network, id: network.id ?? pinned }, null, 2)}\n`);
}

/** Keeps the network id learned at the first join; from then on another is refused. */
export function pinNetworkId(home: string, id: string): void {
  const known = networkOfHome(home) ?? { name: null, id: null, bootstrap: [] };
  if (known.id !== id) adoptNetwork(home, { ...known, id });
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(path, (cause as Error).message);
  }
}

function invalid(path: string, why: string): BitDustError {
  return new BitDustError('NETWORK_FILE_INVALID', `The network file ${path} is not valid: ${why}.`, {
    details: { path },
  });
}
