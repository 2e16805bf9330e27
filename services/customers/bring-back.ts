import type { OrderLog } from '../../ports/order-logs.ts';
import type { PieceRef, PieceStore } from '../../ports/pieces.ts';
import { comesBack } from '../../protocol/order-rules.ts';

const ROWS_PER_LOOK = 256;

/** Takes pieces back out of the trash whose block the log wants again. Gives how many. */
export async function bringBackKept(log: OrderLog, pieces: Pick<PieceStore, 'each' | 'bringBack'>): Promise<number> {
  let back = 0;
  let window: PieceRef[] = [];
  const look = async () => {
    const rows = await log.blocks(window.map(({ block }) => block));
    back += (await pieces.bringBack(window.filter((_, i) => comesBack(rows[i])))).length;
    window = [];
  };
  for await (const { customer, block, seat, trash } of pieces.each(log.owner)) {
    if (trash === null) continue;
    window.push({ customer, block, seat });
    if (window.length >= ROWS_PER_LOOK) await look();
  }
  if (window.length > 0) await look();
  return back;
}
