import type { Self } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { BlockRow } from '../../ports/order-logs.ts';
import { bytesOfBlock, bytesOfLog, type DeviceId, keyOfDevice } from '../../protocol/ids.ts';

export interface PlaceNeeds {
  readonly self: Pick<Self, 'person'>;
  readonly messenger: Messenger;
}

/** What a supplier answers to an offered piece: `stored` and `have` are good, `coming` will be; all others are codes. */
export type Placed = 'stored' | 'have' | 'coming' | (string & {});

const DEADLINE_MS = 120_000;
const ROOT_BYTES = 32;

/** Offers one piece to the supplier of its seat, under the order of the block's `open` entry. Rejects when he is silent. */
export async function placePiece(
  needs: PlaceNeeds,
  options: {
    readonly row: BlockRow;
    readonly index: number;
    readonly supplier: DeviceId;
    readonly bytes: Uint8Array;
    readonly signal: AbortSignal;
  },
): Promise<Placed> {
  const { row, index, supplier, bytes, signal } = options;
  const { device, log, seq } = row.order;
  const answer = await needs.messenger.request(
    supplier,
    'Data',
    {
      pieces: [
        {
          block: bytesOfBlock(row.block),
          seat: row.seats[index]!,
          root: row.roots.subarray(index * ROOT_BYTES, (index + 1) * ROOT_BYTES),
          length: bytes.length,
          order: { device: keyOfDevice(device), log: bytesOfLog(log), seq },
        },
      ],
    },
    { signal, deadlineMs: DEADLINE_MS, owner: needs.self.person, streams: [{ length: bytes.length, bytes }] },
  );
  return (answer.payload['results'] as readonly { readonly result: string }[])[0]?.result ?? 'no';
}

/** True when the supplier has the piece, or is receiving it from somebody else now. */
export function isPlaced(placed: Placed): boolean {
  return placed === 'stored' || placed === 'have' || placed === 'coming' || placed === 'PIECE_COMING';
}
