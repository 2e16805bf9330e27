import { isBitDustError } from '../../protocol/errors.ts';

/** Why something failed, short enough for a fact: the code of an error of ours, else its message. */
export function reasonOf(error: unknown): string {
  if (isBitDustError(error)) return error.code;
  return error instanceof Error ? error.message : String(error);
}
