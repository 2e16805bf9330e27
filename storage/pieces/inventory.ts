import type { InventoryDigest, PieceSpan } from '../../ports/pieces.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { BlockId, PersonId } from '../../protocol/ids.ts';
import { createInventoryHasher } from '../../protocol/inventory.ts';
import type { PieceIndex } from './piece-index.ts';
import { isLive, type PlacedRow } from './rows.ts';

/** All rows of a customer within a span, in order. */
export function rowsOf(index: PieceIndex, customer: PersonId, span: PieceSpan = {}): AsyncGenerator<PlacedRow> {
  const prefix = `p/${customer}/`;
  return index.each({
    from: prefix + (span.from ?? ''),
    before: span.before === undefined ? `p/${customer}0` : prefix + span.before,
  });
}

/** Digest of the live pieces of a span. */
export async function digestOf(index: PieceIndex, customer: PersonId, span?: PieceSpan): Promise<InventoryDigest> {
  const counter = createCounter();
  for await (const row of rowsOf(index, customer, span)) if (isLive(row)) counter.add(row);
  return counter.finish();
}

/** The span in parts of about equal count. Two passes over the rows, so that nothing is held in memory. */
export async function splitOf(
  index: PieceIndex,
  customer: PersonId,
  { span = {}, parts }: { readonly span?: PieceSpan; readonly parts: number },
): Promise<readonly (InventoryDigest & { readonly span: PieceSpan })[]> {
  if (!Number.isInteger(parts) || parts < 1) throw new BitDustError('BAD_INPUT', 'At least one part is needed.');
  const { count } = await digestOf(index, customer, span);
  const perPart = Math.max(1, Math.ceil(count / parts));
  const done: (InventoryDigest & { span: PieceSpan })[] = [];
  let from = span.from;
  let counter = createCounter();
  let last: BlockId | undefined;
  for await (const row of rowsOf(index, customer, span)) {
    if (!isLive(row)) continue;
    // Spans end between blocks; the pieces of one block stay together.
    if (counter.count() >= perPart && row.block !== last && done.length < parts - 1) {
      done.push({ ...counter.finish(), span: spanOf(from, row.block) });
      from = row.block;
      counter = createCounter();
    }
    counter.add(row);
    last = row.block;
  }
  return [...done, { ...counter.finish(), span: spanOf(from, span.before) }];
}

function spanOf(from: BlockId | undefined, before: BlockId | undefined): PieceSpan {
  return { ...(from === undefined ? {} : { from }), ...(before === undefined ? {} : { before }) };
}

function createCounter() {
  const hasher = createInventoryHasher();
  let bytes = 0;
  let count = 0;
  return {
    add(row: PlacedRow) {
      hasher.add(row.block, row.seat);
      bytes += row.length;
      count += 1;
    },
    count: () => count,
    finish: (): InventoryDigest => ({ ...hasher.finish(), bytes }),
  };
}
