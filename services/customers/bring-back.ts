import type { OrderLog } from '../../ports/order-logs.ts';
import type { PieceRef, PieceStore } from '../../ports/pieces.ts';
import { comesBack } from '../../protocol/order-rules.ts';

const ROWS_PER_LOOK = 256;

/** Kinds after which a block that was buried may be wanted again. */
const WANTING_KINDS: readonly string[] = ['keep', 'checkpoint'];

/** Takes pieces back out of the trash whose block the log wants again, when entries of these kinds could make it so. Gives how many. */
export async function bringBackKept(
  log: OrderLog,
  options: { readonly pieces: Pick<PieceStore, 'each' | 'bringBack'>; readonly kinds: readonly string[] },
): Promise<number> {
  const { pieces, kinds } = options;
  if (!kinds.some((kind) => WANTING_KINDS.includes(kind))) return 0;
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
