import { randomInt } from 'node:crypto';
import type { InitAnswer } from '../node/api/local.ts';
import type { Context } from './context.ts';
import { askHidden } from './words.ts';

const COLUMNS = 4;
const ASKED = 3;
const TRIES = 3;

/** The recovery card for people: the words in numbered rows, and the network. */
export function cardText({ phrase, card }: Pick<InitAnswer, 'phrase' | 'card'>): string {
  const words = phrase.split(' ').map((word, index) => `${String(index + 1).padStart(2)} ${word.padEnd(10)}`);
  const rows = Array.from({ length: Math.ceil(words.length / COLUMNS) }, (_, row) =>
    words
      .slice(row * COLUMNS, (row + 1) * COLUMNS)
      .join(' ')
      .trimEnd(),
  );
  return [
    'Recovery card. Write it down now; it is shown this once, and it is all that is needed to get everything back.',
    '',
    ...rows.map((row) => `  ${row}`),
    '',
    `  network  ${card.network ?? '(without a name)'}`,
    `  id       ${card.id ?? '(drawn at the first start; bitdust status shows it)'}`,
    `  seeds    ${card.seeds.join(', ') || '(this node is the first; bitdust status shows its address)'}`,
  ].join('\n');
}

/** Asks three of the words back on the terminal; false when they were not known. */
export async function askThreeWords(context: Context, phrase: string): Promise<boolean> {
  const words = phrase.split(' ');
  for (const index of threeOf(words.length)) {
    let right = false;
    for (let tries = 0; tries < TRIES && !right; tries++) {
      const typed = await askHidden(`word ${index + 1} of the card: `, { shown: true }, context);
      right = typed.trim().toLowerCase() === words[index];
      if (!right) context.note(`That is not word ${index + 1}.`);
    }
    if (!right) return false;
  }
  return true;
}

function threeOf(count: number): number[] {
  const chosen = new Set<number>();
  while (chosen.size < Math.min(ASKED, count)) chosen.add(randomInt(count));
  return [...chosen].sort((a, b) => a - b);
}
