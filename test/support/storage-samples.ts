import { createHash } from 'node:crypto';
import { makeProof, makeRefusal, parseAuditAnswer } from '../../protocol/audit.ts';
import { blockIdOf, decodeBlockRecord } from '../../protocol/block-record.ts';
import { makeConfession, parseConfession } from '../../protocol/confession.ts';
import {
  acceptContract,
  draftContract,
  IDLE_LIMIT_DEFAULT_MS,
  makeNotice,
  parseContract,
  parseNotice,
} from '../../protocol/contract.ts';
import { makeFamily, parseFamily } from '../../protocol/family.ts';
import { toHex } from '../../protocol/hash.ts';
import { personIdFrom } from '../../protocol/ids.ts';
import { decodeIndex, encodeIndex } from '../../protocol/index-object.ts';
import type { LogContent } from '../../protocol/log-content.ts';
import { parseLogEntry, verifyLogEntry } from '../../protocol/log-entry.ts';
import { decodeRow, encodeRow } from '../../protocol/log-rows.ts';
import { reduceLog } from '../../protocol/log-state.ts';
import { makeReceipt, parseReceipt } from '../../protocol/receipt.ts';
import { decodeTree, encodeTree, type TreeEntry } from '../../protocol/tree-object.ts';
import { openVersionNote, sealVersionNote, type VersionNote } from '../../protocol/version-entry.ts';
import { deviceOf, keyOf, LogWriter, logOf, NETWORK, OWNER, recordOf } from './log-writer.ts';

/** One format with a value that never changes: its bytes are a golden vector. */
export interface StorageSample {
  readonly format: string;
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Reads and verifies as a receiver would. */
  read(bytes: Uint8Array): unknown;
}

const AT = 1_750_000_000_000;
const HEAD = { device: deviceOf(10), log: logOf(1), seq: 7, hash: 'cd'.repeat(32) };
const BLOCK = blockIdOf(decodeBlockRecord(recordOf(1)));

/** Bytes from a text, for ids and keys of samples. */
export function bytesFor(text: string, length = 32): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest()).subarray(0, length);
}

/** A chunk with one copy, made from a name. */
export function copyFor(text: string) {
  return {
    chunk: bytesFor(`chunk ${text}`),
    copy: {
      block: BLOCK,
      offset: 4096,
      length: 1_000_000,
      codec: 'zstd' as const,
      key: bytesFor(`key ${text}`),
      hash: bytesFor(`hash ${text}`),
    },
  };
}

const CONTENTS: Readonly<Record<string, LogContent>> = {
  open: { kind: 'open', body: { upload: '11'.repeat(16), records: [recordOf(1), recordOf(2), recordOf(3)] } },
  commit: { kind: 'commit', body: { blocks: [BLOCK] } },
  bury: { kind: 'bury', body: { blocks: [BLOCK] } },
  version: { kind: 'version', body: { sealed: new Uint8Array(398).fill(3) } },
  pin: { kind: 'pin', body: { task: 'backup-1', until: AT } },
  family: { kind: 'family', body: { version: 2, hash: 'ab'.repeat(32) } },
  geometry: { kind: 'geometry', body: { set: Uint8Array.of(1, 2), k: 4, n: 8 } },
  document: { kind: 'document', body: { name: 'settings', sealed: new Uint8Array(60).fill(9) } },
  checkpoint: { kind: 'checkpoint', body: { upTo: [HEAD], part: 0, parts: 2, rows: [bytesFor('row')] } },
};

function readEntry(bytes: Uint8Array) {
  const entry = parseLogEntry(bytes);
  verifyLogEntry(entry);
  return entry;
}

function logSamples(): StorageSample[] {
  const writer = new LogWriter();
  return Object.entries(CONTENTS).map(([name, content]) => ({
    format: 'log-entry',
    name,
    bytes: writer.write(content, name === 'bury' ? { seen: [{ ...HEAD, device: deviceOf(11) }] } : {}).bytes,
    read: readEntry,
  }));
}

/** Terms of the sample contract. */
export const CONTRACT = {
  network: NETWORK,
  id: '22'.repeat(16),
  customer: OWNER,
  customerDevice: deviceOf(10),
  supplier: personIdFrom(keyOf(2).publicKey),
  supplierDevice: deviceOf(20),
  bytes: 10_000_000_000,
  price: 0,
  idleMs: IDLE_LIMIT_DEFAULT_MS,
  replaces: null,
  renewAt: null,
  at: AT,
};

const QUESTION = {
  network: NETWORK,
  owner: OWNER,
  supplier: deviceOf(20),
  block: BLOCK,
  seat: 3,
  nonce: bytesFor('nonce'),
  count: 4,
};

function statementSamples(): StorageSample[] {
  const supplier = keyOf(20);
  const seats = [0, 1, 2].map((seat) => ({
    seat,
    person: personIdFrom(keyOf(30 + seat).publicKey),
    device: deviceOf(20 + seat),
  }));
  const family = {
    network: NETWORK,
    owner: OWNER,
    device: deviceOf(10),
    revision: 1,
    version: 1,
    prev: null,
    seats,
    warrantEpoch: 0,
  };
  const contract = acceptContract(draftContract(CONTRACT, keyOf(10)), supplier);
  const answer = { ...QUESTION, heads: [HEAD], at: AT };
  const sample = (format: string, name: string, statement: { bytes: Uint8Array }, read: StorageSample['read']) => ({
    format,
    name,
    bytes: statement.bytes,
    read,
  });
  return [
    sample('family', 'three-seats', makeFamily(family, keyOf(10)), parseFamily),
    sample('contract', 'both-sides', contract, parseContract),
    sample(
      'notice',
      'by-supplier',
      makeNotice(
        {
          network: NETWORK,
          contract: 'ab'.repeat(32),
          from: deviceOf(20),
          by: 'supplier',
          until: AT,
          reason: 'moving',
          at: AT,
        },
        supplier,
      ),
      parseNotice,
    ),
    sample(
      'receipt',
      'log',
      makeReceipt(
        { network: NETWORK, owner: OWNER, holder: deviceOf(20), hash: null, heads: [HEAD], at: AT },
        supplier,
      ),
      parseReceipt,
    ),
    sample(
      'confession',
      'two-pieces',
      makeConfession(
        {
          network: NETWORK,
          owner: OWNER,
          supplier: deviceOf(20),
          pieces: [
            { block: BLOCK, seat: 3, state: 'rotten' },
            { block: 'ef'.repeat(32), seat: 3, state: 'missing' },
          ],
          at: AT,
        },
        supplier,
      ),
      parseConfession,
    ),
    sample('audit', 'proof', makeProof({ ...answer, evidence: 'aa'.repeat(32) }, supplier), parseAuditAnswer),
    sample('audit', 'refusal', makeRefusal({ ...answer, reason: 'PIECE_ROTTEN' }, supplier), parseAuditAnswer),
  ];
}

const TREE: readonly TreeEntry[] = [
  {
    name: Buffer.from('caf\u00e9'),
    kind: 'file',
    mode: 0o644,
    mtimeNs: 1_750_000_000_123_456_789n,
    size: 3_000_000,
    chunks: [bytesFor('a'), bytesFor('b')],
    lengths: [1_000_000, 1_868_928],
    holes: [[65_536, 131_072]],
    target: null,
    changedWhileRead: true,
  },
  {
    name: Uint8Array.of(0xff, 0xfe, 0x20),
    kind: 'folder',
    mode: 0o755,
    mtimeNs: -5n,
    size: 0,
    chunks: [bytesFor('tree')],
    lengths: [],
    holes: [],
    target: null,
    changedWhileRead: false,
  },
  {
    name: Buffer.from('link'),
    kind: 'link',
    mode: 0o777,
    mtimeNs: 0n,
    size: 0,
    chunks: [],
    lengths: [],
    holes: [],
    target: Buffer.from('../broken'),
    changedWhileRead: false,
  },
];

/** The secret of the sample's epoch. */
export const SECRET = { epoch: 3, secret: bytesFor('catalogue') };

function catalogueSamples(): StorageSample[] {
  const secretOf = (epoch: number) => (epoch === SECRET.epoch ? SECRET.secret : undefined);
  const note: VersionNote = {
    kind: 'version',
    set: 'documents',
    at: AT,
    tree: copyFor('t'),
    index: copyFor('i'),
    files: 12_000,
    bytes: 5e12,
  };
  const seal = (value: VersionNote) => sealVersionNote(value, { ...SECRET, salt: bytesFor('salt', 16) });
  const { chunk, copy } = copyFor('own');
  const index = encodeIndex({
    copies: [copyFor('x'), { chunk, copy: { ...copy, block: null } }],
    earlier: [copyFor('earlier')],
  });
  const writer = new LogWriter();
  const state = reduceLog(
    [CONTENTS['open']!, CONTENTS['commit']!, CONTENTS['bury']!].map((content) => writer.write(content)),
    AT,
  );
  const row = encodeRow({ on: 'block', block: BLOCK, state: state.blocks.get(BLOCK)! }, { times: false });
  return [
    { format: 'version', name: 'stored', bytes: seal(note), read: (bytes) => openVersionNote(bytes, secretOf) },
    {
      format: 'version',
      name: 'retired',
      bytes: seal({ kind: 'retired', version: 'ab'.repeat(32) }),
      read: (bytes) => openVersionNote(bytes, secretOf),
    },
    { format: 'tree', name: 'three-entries', bytes: encodeTree(TREE)[0]!, read: (bytes) => decodeTree([bytes]) },
    { format: 'index', name: 'two-copies', bytes: index, read: (bytes) => decodeIndex(bytes, BLOCK) },
    { format: 'state-row', name: 'buried-block', bytes: row, read: (bytes) => decodeRow(bytes, { sawAt: AT }) },
  ];
}

/** Every storage format with its samples. */
export function storageSamples(): readonly StorageSample[] {
  return [...logSamples(), ...statementSamples(), ...catalogueSamples()];
}

/** Hex, for vector files. */
export const hex = toHex;
