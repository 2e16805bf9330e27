import { fullBlockBytes, pieceBytes } from '../../protocol/block-size.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { BufferRing } from './buffer-ring.ts';
import type { FilledBlock } from './handover.ts';

interface BuffersNeeds {
  readonly ring: BufferRing;
  readonly geometry: { readonly k: number; readonly n: number };
  readonly signal: AbortSignal;
}

/** The buffers that one writer holds of the ring: windows of plaintext and open blocks. */
export function createWriterBuffers({ ring, geometry, signal }: BuffersNeeds) {
  const capacity = fullBlockBytes(geometry.k);
  const blockBytes = pieceBytes(geometry.k, capacity) * geometry.n;
  let heldBytes = 0;

  function fresh(buffer: ArrayBuffer): FilledBlock {
    heldBytes += buffer.byteLength;
    return { open: { buffer, capacity, filled: 0, chunks: 0 }, rows: [] };
  }

  return {
    /** Bytes of a full block. */
    capacity,
    /**
     * A new open block. It waits for the budget only while blocks of this writer are out, whose return makes room: so two
     * writers never wait for each other.
     */
    async openBlock(othersOut: boolean): Promise<FilledBlock> {
      return fresh(othersOut ? await ring.take(blockBytes, signal) : ring.takeNow(blockBytes));
    },
    /** A further open block where the budget is ample. */
    openSecond: (): FilledBlock | undefined =>
      ring.hasRoom(4 * blockBytes) ? fresh(ring.takeNow(blockBytes)) : undefined,
    takeWindow(): ArrayBuffer {
      heldBytes += LIMITS.windowBytes.value;
      return ring.takeNow(LIMITS.windowBytes.value);
    },
    giveBack(buffer: ArrayBuffer): void {
      heldBytes -= buffer.byteLength;
      ring.giveBack(buffer);
    },
    /** Somebody else answers for so many bytes from now on. */
    passedOn(bytes: number): void {
      heldBytes -= bytes;
    },
    /** What is still held counts as gone: its buffers may lie in a worker. */
    close(): void {
      ring.forget(heldBytes);
      heldBytes = 0;
    },
  };
}
