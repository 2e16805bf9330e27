import type { DirectoryRecord } from '../../ports/directory.ts';
import type { Disk } from '../../ports/disk.ts';
import { fromHex, toHex } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { isRecordSigned } from './wire.ts';

export interface HeldRecord extends DirectoryRecord {
  readonly atMs: number;
}

export interface HeldAnnounce {
  readonly target: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly atMs: number;
}

/** What a directory node keeps over a restart: records and announces of others, and where neighbours were. */
export interface HeldState {
  readonly records: readonly HeldRecord[];
  readonly announces: readonly HeldAnnounce[];
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
}

const FILE_NAME = 'held.json';
const NOTHING: HeldState = { records: [], announces: [], nodes: [] };

/** Reads what was held. A missing or damaged file is nothing held: the writers put it again within hours. */
export async function readHeld(disk: Disk, folder: string, nowMs: number): Promise<HeldState> {
  const bytes = await disk.readFile(`${folder}/${FILE_NAME}`).catch((error: unknown) => {
    if ((error as { code?: string }).code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  });
  if (bytes === undefined) return NOTHING;
  try {
    const state = JSON.parse(Buffer.from(bytes).toString('utf8')) as Stored;
    const isYoung = (entry: { atMs: number }): boolean => nowMs - entry.atMs < LIMITS.directoryRecordLifeMs.value;
    return {
      records: state.records.map(toRecord).filter((record) => isYoung(record) && isRecordSigned(record)),
      announces: state.announces
        .map(([target, key, atMs]) => ({ target: fromHex(target), publicKey: fromHex(key), atMs }))
        .filter((entry) => isYoung(entry) && entry.target.length === 32 && entry.publicKey.length === 32),
      nodes: state.nodes.filter(({ host, port }) => typeof host === 'string' && Number.isInteger(port)),
    };
  } catch {
    return NOTHING;
  }
}

/** Writes what is held, whole or not at all. */
export async function writeHeld(disk: Disk, folder: string, state: HeldState): Promise<void> {
  const stored: Stored = {
    records: state.records.map((record) => [
      toHex(record.publicKey),
      record.sequence,
      toHex(record.value),
      toHex(record.signature),
      record.atMs,
    ]),
    announces: state.announces.map((entry) => [toHex(entry.target), toHex(entry.publicKey), entry.atMs]),
    nodes: state.nodes,
  };
  await disk.makeFolder(folder);
  await disk.replaceFile(`${folder}/${FILE_NAME}`, Buffer.from(JSON.stringify(stored)));
}

interface Stored {
  readonly records: readonly (readonly [string, number, string, string, number])[];
  readonly announces: readonly (readonly [string, string, number])[];
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
}

function toRecord([key, sequence, value, signature, atMs]: Stored['records'][number]): HeldRecord {
  return {
    publicKey: fromHex(key),
    sequence,
    value: fromHex(value),
    signature: fromHex(signature),
    atMs,
  };
}
