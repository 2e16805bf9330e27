/** Exit codes of the command line (interfaces.md): 1 failed, 2 wrong usage, 3 not running, 4 not found, 5 not enough peers or pieces, 6 denied. */
export type ExitCode = 1 | 2 | 3 | 4 | 5 | 6;

export interface ErrorRow {
  /** One sentence for people; the default message. */
  readonly sentence: string;
  /** What to do next; null when there is nothing. */
  readonly hint: string | null;
  readonly exit: ExitCode;
}

/** Every error the node can give, by code; `docs/errors.md` is generated from it. One section a chapter. */
export const ERRORS = {
  // general
  BAD_INPUT: { sentence: 'The input is not valid.', hint: 'See --help for what is allowed.', exit: 2 },
  INTERNAL: { sentence: 'Something went wrong inside the node.', hint: 'See bitdust logs, and report it.', exit: 1 },
  CANCELLED: { sentence: 'It was cancelled.', hint: null, exit: 1 },
  DEADLINE_PASSED: { sentence: 'It took longer than allowed.', hint: null, exit: 1 },
  DENIED: { sentence: 'That is not allowed.', hint: null, exit: 6 },
  // system
  NODE_NOT_RUNNING: { sentence: 'The node is not running.', hint: 'bitdust start --detach', exit: 3 },
  HOME_LOCKED: {
    sentence: 'Another node already uses this home.',
    hint: 'Stop it, or choose another --home.',
    exit: 1,
  },
  // protocol
  ENCODING_INVALID: { sentence: 'The bytes are not strict CBOR of the expected shape.', hint: null, exit: 1 },
  SIGNATURE_INVALID: { sentence: 'A signature does not hold.', hint: null, exit: 6 },
  TOO_LARGE: { sentence: 'It is larger than allowed.', hint: null, exit: 1 },
  COMMAND_UNKNOWN: { sentence: 'The command is not of this version.', hint: null, exit: 1 },
  SEAL_BROKEN: { sentence: 'What was sealed does not open.', hint: null, exit: 6 },
  KEY_INVALID: { sentence: 'The bytes are not an acceptable public key.', hint: null, exit: 1 },
  ID_INVALID: { sentence: 'That is not a valid id.', hint: 'Copy it whole; ids begin with bd1 or bdd1.', exit: 2 },
  // identity
  IDENTITY_INVALID: { sentence: 'The identity file does not prove itself.', hint: null, exit: 6 },
  IDENTITY_OLD: { sentence: 'A newer state of this identity is known.', hint: null, exit: 1 },
  IDENTITY_FORKED: { sentence: 'Two states of this identity contradict each other.', hint: null, exit: 6 },
  PHRASE_WORD_UNKNOWN: { sentence: 'A word is not in the list of recovery words.', hint: null, exit: 1 },
  PHRASE_CHECKSUM: {
    sentence: 'The recovery words do not fit together: one is wrong, or two are swapped.',
    hint: null,
    exit: 1,
  },
  PASSPHRASE_NEEDED: { sentence: 'The keys are locked by a passphrase.', hint: null, exit: 6 },
  PASSPHRASE_WRONG: { sentence: 'The passphrase does not open the keys.', hint: null, exit: 6 },
  NICKNAME_INVALID: {
    sentence: 'A nickname has 3 to 32 characters of a-z, 0-9, - and _.',
    hint: null,
    exit: 2,
  },
  // network
  // contacts
  // suppliers
  // customers
  // backup
  // restore
  // rebuild
  // storage
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** An operating error with a code of the catalogue. `details` are small and hold no secret. */
export class BitDustError extends Error {
  override readonly name = 'BitDustError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message?: string,
    options: { cause?: unknown; details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message ?? ERRORS[code].sentence, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** True for an error of the catalogue, of this code when one is given. */
export function isBitDustError(error: unknown, code?: ErrorCode): error is BitDustError {
  return error instanceof BitDustError && (code === undefined || error.code === code);
}
