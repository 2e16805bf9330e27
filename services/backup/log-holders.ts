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

/** Opens the table over its part of the records. */
export function createLogHolders(records: Records): LogHolders {
  const rows = new Map<DeviceId, HolderRow>();
  const listeners = new Set<() => void>();
  /** A signature is checked once, when its receipt comes or is read again after a restart. */
  const parsed = new WeakMap<Uint8Array, SignedReceipt>();
  const of = (device: DeviceId): HolderRow => rows.get(device) ?? { device, ...NOBODY };

  function withheldBy(receipt: Uint8Array, heads: readonly LogHead[]): readonly LogHead[] {
    const known = parsed.get(receipt) ?? parseReceipt(receipt);
    parsed.set(receipt, known);
    return withheldHeads(known, heads);
  }

  /** Only evidence must outlive a power cut: what a holder told us otherwise he can be asked again. */
  async function change(
    device: DeviceId,
    { fields, durable }: { readonly fields: Partial<HolderRow>; readonly durable: boolean },
  ): Promise<void> {
    const row = { ...of(device), ...fields };
    await records.batch([{ put: `holder/${device}`, value: encodeLocal(row) }], { durable });
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
      const isHighest = before.receipt === null || withheldBy(before.receipt, receipt.heads).length === 0;
      if (isHighest) parsed.set(receipt.bytes, receipt);
      const fields = { receipt: isHighest ? receipt.bytes : before.receipt, serves: receipt.heads };
      await change(receipt.holder, { fields, durable: true });
    },
    async noteServed(device, heads) {
      const { receipt } = of(device);
      await change(device, { fields: { serves: heads }, durable: false });
      return receipt !== null && withheldBy(receipt, heads).length > 0;
    },
    noteDocument: (device, { name, version }) =>
      change(device, { fields: { documents: { ...of(device).documents, [name]: version } }, durable: false }),
    noteCaughtUp: (device, at) => change(device, { fields: { caughtUpAt: at }, durable: true }),
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
