import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { BitDustError } from './errors.ts';
import { slipsBetween } from './slips.ts';

/** Words of a recovery phrase: 32 bytes of entropy and 8 bits of checksum. */
export const PHRASE_WORDS = 24;
const ENTROPY_BYTES = 32;
const NEAREST_MAX = 5;
const FIXES_MAX = 24;
const SLIPS_MAX = 2;
/** List words have at most 8 letters; a longer text is no slip of one, and comparing it would take its length in time. */
const TYPED_LETTERS_MAX = 16;

const KNOWN: ReadonlySet<string> = new Set(wordlist);

/** One change that makes the checksum right: another word at `number`, or that word swapped with the next. Numbers begin at 1. */
export type PhraseFix =
  | { readonly kind: 'replace'; readonly number: number; readonly word: string }
  | { readonly kind: 'swap'; readonly number: number };

/** The 24 words of 32 bytes of entropy. */
export function entropyToPhrase(entropy: Uint8Array): string {
  if (entropy.length !== ENTROPY_BYTES) throw new RangeError('the entropy has 32 bytes');
  return entropyToMnemonic(entropy, wordlist);
}

/** Words as typed: split at white space, case ignored, compatibility forms of Unicode folded. */
export function wordsOf(text: string): readonly string[] {
  return text.normalize('NFKD').toLowerCase().split(/\s+/).filter(Boolean);
}

/** List words that look most like this one, nearest first; words with the same first four letters count as near. */
export function nearestWords(word: string, slipsMax = 3): readonly string[] {
  if (word.length > TYPED_LETTERS_MAX) return [];
  const rated = wordlist
    .map((known) => ({ known, slips: slipsBetween(word, known) - (known.slice(0, 4) === word.slice(0, 4) ? 2 : 0) }))
    .filter(({ slips }) => slips <= slipsMax);
  return rated
    .sort((a, b) => a.slips - b.slips || (a.known < b.known ? -1 : 1))
    .slice(0, NEAREST_MAX)
    .map(({ known }) => known);
}

function entropyOf(words: readonly string[]): Uint8Array | undefined {
  try {
    return mnemonicToEntropy(words.join(' '), wordlist);
  } catch {
    return undefined;
  }
}

function lookAlikes(word: string): readonly { readonly word: string; readonly slips: number }[] {
  return wordlist
    .filter((known) => known !== word)
    .map((known) => ({ word: known, slips: slipsBetween(word, known) }))
    .filter(({ slips }) => slips <= SLIPS_MAX);
}

/** Swaps of neighbours, then look-alike words by likeness, each of which alone makes the checksum right. */
export function phraseFixes(words: readonly string[]): readonly PhraseFix[] {
  const swaps: PhraseFix[] = [];
  const replacements: { readonly fix: PhraseFix; readonly slips: number }[] = [];
  words.forEach((word, index) => {
    const next = words[index + 1];
    if (next !== undefined && next !== word && entropyOf(words.with(index, next).with(index + 1, word))) {
      swaps.push({ kind: 'swap', number: index + 1 });
    }
    for (const other of lookAlikes(word)) {
      if (!entropyOf(words.with(index, other.word))) continue;
      replacements.push({ fix: { kind: 'replace', number: index + 1, word: other.word }, slips: other.slips });
    }
  });
  replacements.sort((a, b) => a.slips - b.slips);
  return [...swaps, ...replacements.map(({ fix }) => fix)].slice(0, FIXES_MAX);
}

function describe(fix: PhraseFix): string {
  return fix.kind === 'swap'
    ? `words ${fix.number} and ${fix.number + 1} swapped`
    : `word ${fix.number} being '${fix.word}'`;
}

function refuseUnknown(words: readonly string[]): void {
  const index = words.findIndex((word) => !KNOWN.has(word));
  if (index < 0) return;
  const nearest = nearestWords(words[index]!);
  const hint = nearest.length === 0 ? '' : ` Nearest: ${nearest.join(', ')}.`;
  throw new BitDustError('PHRASE_WORD_UNKNOWN', `Word ${index + 1} is not in the list.${hint}`, {
    details: { number: index + 1, nearest },
  });
}

/**
 * The entropy behind typed words. `PHRASE_WORD_UNKNOWN` gives the number of the first unknown word and the nearest ones;
 * `PHRASE_CHECKSUM` the single fixes that would make it right. Both are for the person who typed and are never logged.
 */
export function phraseToEntropy(text: string): Uint8Array {
  const words = wordsOf(text);
  refuseUnknown(words);
  if (words.length !== PHRASE_WORDS) {
    throw new BitDustError('PHRASE_CHECKSUM', `These are ${words.length} words; a phrase has ${PHRASE_WORDS}.`, {
      details: { words: words.length, fixes: [] },
    });
  }
  const entropy = entropyOf(words);
  if (entropy !== undefined) return entropy;
  const fixes = phraseFixes(words);
  const hint = fixes.length === 0 ? '' : ` It would be right with ${fixes.map(describe).join(', or ')}.`;
  throw new BitDustError('PHRASE_CHECKSUM', `One word is wrong, or two are swapped.${hint}`, {
    details: { words: words.length, fixes },
  });
}
