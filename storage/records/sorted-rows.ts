import { compareKeys } from './keys.ts';

type Row = readonly [string, Uint8Array];

const BLOCK_ROWS = 256;

/** Rows in the order of their keys, in blocks small enough that an insertion stays cheap. */
export class SortedRows {
  #blocks: Row[][] = [[]];

  get(key: string): Uint8Array | undefined {
    const { block, at } = this.#find(key);
    const row = block[at];
    return row?.[0] === key ? row[1] : undefined;
  }

  set(key: string, value: Uint8Array): void {
    const { block, at, index } = this.#find(key);
    if (block[at]?.[0] === key) {
      block[at] = [key, value];
      return;
    }
    block.splice(at, 0, [key, value]);
    if (block.length > BLOCK_ROWS * 2) this.#blocks.splice(index + 1, 0, block.splice(BLOCK_ROWS));
  }

  delete(key: string): void {
    const { block, at, index } = this.#find(key);
    if (block[at]?.[0] !== key) return;
    block.splice(at, 1);
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(index, 1);
  }

  /** The rows between two keys at this moment. */
  between(options: {
    readonly from: string;
    readonly before: string | undefined;
    readonly limit: number;
    readonly reverse: boolean;
  }): readonly Row[] {
    const rows: Row[] = [];
    const { from, before, limit } = options;
    const first = this.#find(from).index;
    const last = before === undefined ? this.#blocks.length - 1 : this.#find(before).index;
    const blocks = this.#blocks.slice(first, last + 1);
    for (const block of options.reverse ? blocks.reverse() : blocks) {
      for (const row of options.reverse ? block.toReversed() : block) {
        if (rows.length >= limit) return rows;
        if (compareKeys(row[0], from) < 0) continue;
        if (before !== undefined && compareKeys(row[0], before) >= 0) continue;
        rows.push(row);
      }
    }
    return rows;
  }

  #find(key: string): { readonly block: Row[]; readonly at: number; readonly index: number } {
    const index = Math.max(0, lowest(this.#blocks, (block) => compareKeys(block[0]?.[0] ?? '', key) > 0) - 1);
    const block = this.#blocks[index] as Row[];
    return { block, at: lowest(block, (row) => compareKeys(row[0], key) >= 0), index };
  }
}

/** The first index at which the condition holds; it must hold for all after the first. */
function lowest<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(items[middle] as Item)) high = middle;
    else low = middle + 1;
  }
  return low;
}
