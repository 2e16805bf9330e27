import type { LogHead } from '../../ports/order-logs.ts';
import type { Records } from '../../ports/records.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { decodeLocal, encodeLocal } from '../../protocol/local-codec.ts';
import { parseReceipt, type SignedReceipt, withheldHeads } from '../../protocol/receipt.ts';

/** What is known of one holder of our logs. */
export interface HolderRow {
  readonly device: DeviceId;
  /** His signed receipt with the highest heads: evidence. */
  readonly receipt: Uint8Array | null;
  /** What he served or acknowledged last. */
  readonly serves: readonly LogHead[];
  /** Versions of the documents he acknowledged. */
  readonly documents: Readonly<Record<string, number>>;
  readonly caughtUpAt: number | null;
}

const NOBODY: Omit<HolderRow, 'device'> = { receipt: null, serves: [], documents: {}, caughtUpAt: null };

/** The holders of our logs, kept over restarts: receipts are evidence, and a seat that caught up stays so. */
export interface LogHolders {
  load(): Promise<void>;
  of(device: DeviceId): HolderRow;
  /** A signed receipt came. */
  noteReceipt(receipt: SignedReceipt): Promise<void>;
  /** Served heads; gives true when he once acknowledged more. */
  noteServed(device: DeviceId, heads: readonly LogHead[]): Promise<boolean>;
  noteDocument(device: DeviceId, document: { readonly name: string; readonly version: number }): Promise<void>;
  noteCaughtUp(device: DeviceId, at: number): Promise<void>;
  /** When the checkpoint at this place of our log reached the quorum. */
  checkpointAt(seq: number): Promise<number | null>;
  noteCheckpoint(seq: number, at: number): Promise<void>;
  /** Called after each change. Returns the function that ends it. */
  onChange(listener: () => void): () => void;
}

function isHigher(receipt: SignedReceipt, than: Uint8Array | null): boolean {
  return than === null || withheldHeads(parseReceipt(than), receipt.heads).length === 0;
}

/** Opens the table over its part of the records. */
export function createLogHolders(records: Records): LogHolders {
  const rows = new Map<DeviceId, HolderRow>();
  const listeners = new Set<() => void>();
  const of = (device: DeviceId): HolderRow => rows.get(device) ?? { device, ...NOBODY };

  async function change(device: DeviceId, fields: Partial<HolderRow>): Promise<void> {
    const row = { ...of(device), ...fields };
    await records.batch([{ put: `holder/${device}`, value: encodeLocal(row) }], { durable: true });
    rows.set(device, row);
    for (const listener of [...listeners]) listener();
  }

  return {
    async load() {
      for await (const [, value] of records.range({ from: 'holder/', before: 'holder0' })) {
        const row = decodeLocal<HolderRow>(value);
        rows.set(row.device, row);
      }
    },
    of,
    async noteReceipt(receipt) {
      const before = of(receipt.holder);
      const best = isHigher(receipt, before.receipt) ? receipt.bytes : before.receipt;
      await change(receipt.holder, { receipt: best, serves: receipt.heads });
    },
    async noteServed(device, heads) {
      const { receipt } = of(device);
      await change(device, { serves: heads });
      return receipt !== null && withheldHeads(parseReceipt(receipt), heads).length > 0;
    },
    noteDocument: (device, { name, version }) =>
      change(device, { documents: { ...of(device).documents, [name]: version } }),
    noteCaughtUp: (device, at) => change(device, { caughtUpAt: at }),
    async checkpointAt(seq) {
      const value = await records.get(`checkpoint/${seq}`);
      return value === undefined ? null : decodeLocal<number>(value);
    },
    noteCheckpoint: (seq, at) =>
      records.batch([{ put: `checkpoint/${seq}`, value: encodeLocal(at) }], { durable: true }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
