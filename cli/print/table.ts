import { stripVTControlCharacters } from 'node:util';

/** A column: its head, and whether it holds figures. */
export interface Column {
  readonly head: string;
  readonly right?: boolean;
}

/** Rows under their heads, padded so that they line up; colours take no room. The last column is not padded. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map(({ head }) => head), ...rows.map((row) => row.map(oneLine))];
  const widths = columns.map((_column, index) => Math.max(...cells.map((row) => widthOf(row[index] ?? ''))));
  const line = (row: readonly string[]): string =>
    columns
      .map(({ right = false }, index) => {
        const cell = row[index] ?? '';
        const padding = ' '.repeat((widths[index] ?? 0) - widthOf(cell));
        if (right) return padding + cell;
        return index === columns.length - 1 ? cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  return cells.map(line).join('\n');
}

/** `name  value` lines that line up. */
export function formatPairs(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${oneLine(value)}`.trimEnd()).join('\n');
}

/** Names of other people's files may hold anything: nothing in them moves the cursor or rings the bell. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences of our own colours begin with one
  return text.replace(/[\u0000-\u001a\u001c-\u001f\u007f-\u009f]|\u001b(?!\[[0-9;]*m)/g, '�');
}

function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
