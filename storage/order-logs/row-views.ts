import type { BlockRow } from '../../ports/order-logs.ts';
import { buriedAtOf, orderOf, removalsOf, standingOf } from '../../protocol/block-marks.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { compareStamps, type LogStamp } from '../../protocol/log-place.ts';
import { decodeRow, type StateRow } from '../../protocol/log-rows.ts';
import type { BlockState } from '../../protocol/log-state.ts';

/** A block as the port shows it; undefined while no record names it. */
export function blockView(block: BlockId, state: BlockState): BlockRow | undefined {
  const order = orderOf(state.marks);
  if (state.shape === null || order === null) return undefined;
  const { k, n, size, roots } = state.shape;
  return {
    block,
    k,
    n,
    size,
    seats: order.seats,
    roots,
    standing: standingOf(state.marks),
    order: { device: order.device, log: order.log, seq: order.seq },
    buriedAt: buriedAtOf(state.marks),
    removedBy: removalsOf(state.marks).map(({ device, log, seq }) => ({ device, log, seq })),
  };
}

/** The block in a stored row. */
export function blockOfRow(value: Uint8Array | undefined): BlockRow | undefined {
  if (value === undefined) return undefined;
  const row = decodeRow(value, { sawAt: 0 });
  return row.on === 'block' ? blockView(row.block, row.state) : undefined;
}

/** Stored rows of one sort, in the order of the logs. */
export async function rowsOf<On extends Exclude<StateRow['on'], 'block'>>(
  on: On,
  values: AsyncIterable<readonly [string, Uint8Array]>,
): Promise<readonly Extract<StateRow, { readonly on: On }>['row'][]> {
  const rows: LogStamp[] = [];
  for await (const [, value] of values) {
    const row = decodeRow(value, { sawAt: 0 });
    if (row.on === on) rows.push(row.row as LogStamp);
  }
  return rows.toSorted(compareStamps) as never;
}
