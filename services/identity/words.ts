import { seedToPublicKey } from '../../protocol/ed25519.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { equalBytes } from '../../protocol/hash.ts';
import { phraseToEntropy } from '../../protocol/phrase.ts';
import { rootSeed } from '../../protocol/recovery-keys.ts';

/** Rejects words that are none (`PHRASE_…`) or are of another person (`PHRASE_DIFFERS`). */
export function requireWordsOf(person: Uint8Array, words: readonly string[]): void {
  const entropy = phraseToEntropy(words.join(' '));
  const seed = rootSeed(entropy, 0);
  const root = seedToPublicKey(seed);
  entropy.fill(0);
  seed.fill(0);
  if (!equalBytes(root, person)) throw new BitDustError('PHRASE_DIFFERS');
}
