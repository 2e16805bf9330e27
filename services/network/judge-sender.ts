import type { Command } from '../../protocol/commands.ts';
import { sendersOf } from '../../protocol/commands.ts';
import type { PersonId } from '../../protocol/ids.ts';

/** What an unlisted device may ask; and what it may read once it proved ownership with the words. */
const STRANGER_COMMANDS: readonly Command[] = ['Identity', 'FindIdentity', 'ProveOwnership'];

export interface Asking {
  readonly command: Command;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Null for a device that stands in no newest list. */
  readonly person: PersonId | null;
  readonly owner: PersonId | null;
  /** Whose ownership this link proved. */
  readonly proven: PersonId | null;
}

/**
 * How far the sender's right can be told from who he is: `entitled` or handed on to the handler, which knows seats and
 * contracts; `refused`; or `hostile`, when an unlisted device asks for what no honest one would.
 */
export function judgeSender(asking: Asking): 'entitled' | 'refused' | 'hostile' {
  const { command, person, owner, proven } = asking;
  const senders = sendersOf(command, asking.payload);
  if (senders.includes('prover') && proven !== null && proven === owner) return 'entitled';
  if (person === null) return STRANGER_COMMANDS.includes(command) ? 'entitled' : 'hostile';
  if (senders.includes('anyone') || senders.includes('seat') || senders.includes('party')) return 'entitled';
  return senders.includes('owner') && owner === person ? 'entitled' : 'refused';
}
