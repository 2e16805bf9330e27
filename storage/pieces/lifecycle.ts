import type { PieceStoreHealth } from '../../ports/pieces.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { textBytes, toHex } from '../../protocol/hash.ts';
import type { Layout } from './layout.ts';
import type { PieceIndex } from './piece-index.ts';
import type { PieceStoreOptions } from './piece-store.ts';
import type { PieceReader } from './reader.ts';
import { clearIncoming, nextSegmentNumber, rebuildIndex, recoverRecent } from './recover.ts';
import { KEYS } from './rows.ts';
import type { SegmentNumbers } from './segments.ts';
import { readMarker, type Volume, writeMarker } from './volume.ts';

export interface Lifecycle {
  open(): Promise<void>;
  /** Rejects with `DISK_GONE` while the volume is missing, with `STORE_CLOSED` after closing. */
  requireOpen(): Promise<void>;
  probe(): Promise<PieceStoreHealth>;
  close(): Promise<void>;
}

interface Parts extends PieceStoreOptions {
  readonly layout: Layout;
  readonly index: PieceIndex;
  readonly volume: Volume;
  readonly reader: PieceReader;
  readonly numbers: SegmentNumbers;
  readonly sweep: () => Promise<void>;
}

/** Opening and closing of a store: a new one, one after a crash, one whose index or whose volume is gone. */
export function createLifecycle(parts: Parts): Lifecycle {
  const { disk, layout, index, volume, records } = parts;
  let recovered: Promise<void> | undefined;
  let closed = false;

  async function recover(rebuild: boolean): Promise<void> {
    const options = { ...parts, now: parts.clock.now() };
    const clean = await records.get(KEYS.clean);
    await records.batch([{ remove: KEYS.clean }], { durable: true });
    await clearIncoming(disk, layout);
    // What was erased must be gone before files without a row are taken for arrivals.
    await parts.sweep();
    if (rebuild) await rebuildIndex(options);
    else if (!clean) await recoverRecent(options);
    await parts.sweep();
    parts.numbers.next = await nextSegmentNumber(disk, layout);
    // Written last: an interrupted rebuild begins again, and finds what it had entered.
    await records.batch([{ put: KEYS.storeId, value: textBytes(volume.storeId) }], { durable: true });
  }

  /** Once; a failure is tried again by the next call. */
  async function requireRecovered(rebuild: boolean): Promise<void> {
    recovered ??= recover(rebuild);
    try {
      await recovered;
    } catch (cause) {
      recovered = undefined;
      throw cause;
    }
  }

  return {
    async open() {
      await index.load();
      const known = await records.get(KEYS.storeId);
      const marked = await readMarker(disk, layout);
      if (known) {
        volume.storeId = new TextDecoder().decode(known);
        if (marked === volume.storeId) await requireRecovered(false);
        else volume.health = 'unavailable';
        return;
      }
      volume.storeId = marked ?? toHex(parts.random.bytes(16));
      if (!marked) await writeMarker(disk, layout, volume.storeId);
      await requireRecovered(true);
    },
    async requireOpen() {
      if (closed) throw new BitDustError('STORE_CLOSED');
      await volume.requireThereLately();
      await requireRecovered(false);
    },
    async probe() {
      if (closed) throw new BitDustError('STORE_CLOSED');
      const health = await volume.probe();
      if (health !== 'unavailable') await requireRecovered(false);
      return health;
    },
    async close() {
      if (closed) return;
      closed = true;
      if (recovered && volume.health !== 'unavailable') {
        await records.batch([{ put: KEYS.clean, value: new Uint8Array(0) }], { durable: true });
      }
    },
  };
}
