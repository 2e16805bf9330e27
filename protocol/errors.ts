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
  DEMO_FAILED: {
    sentence: 'The demonstration failed.',
    hint: 'This is a fault of the program: please report it.',
    exit: 1,
  },
  CHILD_FAILED: {
    sentence: 'A process of the embedded network failed.',
    hint: 'Its last lines of output follow.',
    exit: 1,
  },
  NODE_NOT_RUNNING: { sentence: 'The node is not running.', hint: 'bitdust start --detach', exit: 3 },
  HOME_LOCKED: {
    sentence: 'Another node already uses this home.',
    hint: 'Stop it, or choose another --home.',
    exit: 1,
  },
  NODE_LOST: {
    sentence: 'The node ended while it was working on this.',
    hint: 'bitdust start --detach; a backup goes on by itself after that.',
    exit: 3,
  },
  NODE_START_FAILED: { sentence: 'The node did not start.', hint: 'See bitdust logs.', exit: 1 },
  NODE_STOP_LATE: {
    sentence: 'The node did not stop in time.',
    hint: 'See bitdust logs; what is late is named there.',
    exit: 1,
  },
  HOME_EXISTS: {
    sentence: 'This home holds an identity already; it is not overwritten.',
    hint: 'Choose another --home.',
    exit: 1,
  },
  HOME_INVALID: {
    sentence: 'The home folder cannot be used.',
    hint: 'Choose another --home, or make it yours and writable.',
    exit: 1,
  },
  IDENTITY_MISSING: { sentence: 'There is no identity in this home.', hint: 'bitdust init', exit: 4 },
  CONFIG_KEY_UNKNOWN: {
    sentence: 'There is no such key in the configuration.',
    hint: 'bitdust config lists every key.',
    exit: 2,
  },
  CONFIG_VALUE_INVALID: {
    sentence: 'The configuration has a value that is not allowed.',
    hint: 'bitdust config check FILE names every problem.',
    exit: 2,
  },
  CONFIG_FILE_INVALID: {
    sentence: 'The configuration file cannot be read.',
    hint: 'bitdust config check FILE names every problem.',
    exit: 2,
  },
  ROLE_NOT_BUILT: {
    sentence: 'That role needs a service that this version does not have.',
    hint: 'bitdust init --role full',
    exit: 2,
  },
  SERVICE_UNKNOWN: { sentence: 'There is no service of that name.', hint: 'bitdust services lists them.', exit: 4 },
  SERVICE_ALWAYS_ON: { sentence: 'This service is always on.', hint: 'bitdust services restart works.', exit: 2 },
  SERVICE_OFF: {
    sentence: 'The service that does this is switched off.',
    hint: 'bitdust services tells why, bitdust services start switches it on.',
    exit: 1,
  },
  AUTOMAT_NOT_FOUND: { sentence: 'No automat of that id is running.', hint: 'bitdust automats lists them.', exit: 4 },
  MACHINE_UNKNOWN: {
    sentence: 'There is no machine of that name.',
    hint: 'bitdust automats lists the machines that run.',
    exit: 4,
  },
  TASK_NOT_FOUND: { sentence: 'There is no task of that name.', hint: null, exit: 4 },
  EVENTS_GONE: {
    sentence: 'The events after that number are no longer kept.',
    hint: 'Ask again without a number.',
    exit: 4,
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
  PHRASE_DIFFERS: {
    sentence: 'These are the words of another identity.',
    hint: 'Look for the card of this one.',
    exit: 1,
  },
  IDENTITY_NOT_FOUND: {
    sentence: 'No such identity was found in the network.',
    hint: 'Check the network and the words; --via names a member to ask.',
    exit: 4,
  },
  SUPPLIERS_UNREACHABLE: {
    sentence: 'The identity is there, but none of its suppliers could be reached.',
    hint: 'Try again later; the words stay good.',
    exit: 5,
  },
  NICKNAME_NOT_FOUND: { sentence: 'Nobody in this network claims that nickname.', hint: null, exit: 4 },
  RECOVERY_INCOMPLETE: {
    sentence: 'Not everything was found yet.',
    hint: 'bitdust start --detach; the node goes on looking.',
    exit: 5,
  },
  // network
  NETWORK_OFFLINE: {
    sentence: 'The node has no connection to the network.',
    hint: 'bitdust status tells what it tried.',
    exit: 5,
  },
  NETWORK_ID_DIFFERS: {
    sentence: 'The bootstrap node belongs to another network than this home.',
    hint: 'Use the network file of this home, or another --home.',
    exit: 1,
  },
  PEER_UNREACHABLE: { sentence: 'The peer cannot be reached now.', hint: null, exit: 5 },
  DIAL_FAILED: { sentence: 'The address could not be reached.', hint: 'bitdust ping DEVICE', exit: 1 },
  PORT_TAKEN: { sentence: 'Another program already uses that port.', hint: 'Choose another port.', exit: 1 },
  LISTEN_FAILED: { sentence: 'The node cannot listen at that address.', hint: 'Choose another address.', exit: 1 },
  STREAM_RESET: { sentence: 'The stream was ended before it was complete.', hint: null, exit: 1 },
  HANDSHAKE_FAILED: { sentence: 'The device at that address did not make a session.', hint: null, exit: 1 },
  PEER_KEY_DIFFERS: { sentence: 'Another device answered at that address.', hint: 'bitdust find', exit: 6 },
  HANDSHAKE_TIMEOUT: { sentence: 'The device at that address did not answer in time.', hint: null, exit: 1 },
  LINK_LOST: { sentence: 'The link to the device is gone.', hint: 'It is made again by itself.', exit: 1 },
  FRAME_INVALID: { sentence: 'The other device broke the rules of the session.', hint: null, exit: 1 },
  DIRECTORY_UNREACHABLE: {
    sentence: 'Nobody of the directory answers.',
    hint: 'Check the network and the bootstrap addresses in the configuration.',
    exit: 5,
  },
  RECORD_INVALID: { sentence: 'A directory record is too large, too far ahead or badly signed.', hint: null, exit: 1 },
  PEER_SILENT: { sentence: 'The device did not answer in time.', hint: null, exit: 5 },
  PACKET_INVALID: { sentence: 'A packet is out of order or not of the shape of its command.', hint: null, exit: 1 },
  NOT_ENTITLED: { sentence: 'The sender has no right to ask this.', hint: null, exit: 6 },
  NOT_SERVED: { sentence: 'This node does not serve that.', hint: null, exit: 1 },
  TOO_BUSY: { sentence: 'Too many requests are running already.', hint: 'Try again later.', exit: 1 },
  // contacts
  // suppliers
  SEAT_UNKNOWN: { sentence: 'There is no such seat.', hint: 'See bitdust suppliers.', exit: 4 },
  SEAT_NOT_FOUND: { sentence: 'There is no seat of that number.', hint: 'bitdust suppliers lists the seats.', exit: 4 },
  SUPPLIERS_TOO_FEW: {
    sentence: 'Not enough suppliers can be hired in this network now.',
    hint: 'It goes on by itself when more are there; bitdust suppliers shows the seats.',
    exit: 5,
  },
  SUPPLIER_REFUSED: { sentence: 'The device does not want to be the supplier.', hint: null, exit: 6 },
  SUPPLIER_ALREADY_HIRED: { sentence: 'That device has a seat already.', hint: null, exit: 1 },
  // customers
  CUSTOMER_NOT_FOUND: { sentence: 'There is no such customer.', hint: 'bitdust customers lists them.', exit: 4 },
  ORDER_UNKNOWN: { sentence: 'No entry of the log that is known here orders that.', hint: null, exit: 6 },
  OWNERSHIP_UNPROVEN: { sentence: 'The proof of ownership does not hold.', hint: null, exit: 6 },
  DOCUMENT_UNKNOWN: { sentence: 'That document is not kept here.', hint: null, exit: 4 },
  // backup
  PATH_NOT_FOUND: { sentence: 'There is nothing at that path.', hint: null, exit: 4 },
  SET_PATHS_DIFFER: { sentence: 'The set of that name holds other paths.', hint: 'Choose another --set.', exit: 1 },
  CATALOGUE_UNAVAILABLE: {
    sentence: 'The catalogue has not been fetched yet.',
    hint: 'It is being fetched from the suppliers; bitdust suppliers shows who is reached.',
    exit: 5,
  },
  ENTRY_NOT_FOUND: {
    sentence: 'The catalogue has nothing at that path.',
    hint: 'bitdust ls shows what is stored.',
    exit: 4,
  },
  ENTRY_AMBIGUOUS: {
    sentence: 'More than one stored path ends so.',
    hint: 'Write the path from its beginning.',
    exit: 2,
  },
  VERSION_NOT_FOUND: { sentence: 'There is no such version.', hint: 'bitdust versions PATH lists them.', exit: 4 },
  NOT_A_FILE: { sentence: 'That is not a file.', hint: 'bitdust restore brings folders back.', exit: 2 },
  REMOVAL_PAUSED: {
    sentence: 'Nothing is removed until all suppliers answered after the recovery.',
    hint: 'It ends by itself after 14 days at most.',
    exit: 6,
  },
  BACKUP_STALLED: {
    sentence: 'The version cannot be stored now: nobody more can be hired and no piece was acknowledged.',
    hint: 'The backup goes on by itself when suppliers are there.',
    exit: 5,
  },
  // restore
  RESTORE_EXISTS: {
    sentence: 'Something is at that place already; it is not overwritten.',
    hint: '--force overwrites, --to DIR restores elsewhere.',
    exit: 1,
  },
  TOO_FEW_PIECES: {
    sentence: 'Too few pieces can be reached to read this.',
    hint: 'It works again when enough of the named suppliers are back.',
    exit: 5,
  },
  RESTORE_FAILED: { sentence: 'The restore could not be finished.', hint: 'See bitdust logs.', exit: 1 },
  TASKS_TOO_MANY: { sentence: 'Too many tasks of this kind run already.', hint: 'Wait until one has ended.', exit: 1 },
  // rebuild
  // storage
  BLOCK_RECORD_INVALID: { sentence: 'A block record contradicts itself.', hint: null, exit: 1 },
  BLOCK_ROTTEN: { sentence: 'A block does not hold against its record.', hint: null, exit: 1 },
  CHUNK_ROTTEN: { sentence: 'A stored chunk does not open to what was stored.', hint: null, exit: 1 },
  FOOTER_UNREADABLE: { sentence: 'The footer of a block cannot be read.', hint: null, exit: 1 },
  SOURCE_UNREADABLE: { sentence: 'The folder to be stored cannot be read.', hint: 'See its permissions.', exit: 1 },
  FILE_UNREADABLE: { sentence: 'The file cannot be read.', hint: 'See its permissions.', exit: 1 },
  FILE_VANISHED: { sentence: 'The file was gone before it could be read.', hint: null, exit: 1 },
  FILE_KIND_UNSUPPORTED: { sentence: 'Sockets, pipes and devices are not stored.', hint: null, exit: 1 },
  PATH_UNSAFE: { sentence: 'A stored path leads out of the target.', hint: null, exit: 1 },
  WORKER_LOST: { sentence: 'A worker thread died at its work.', hint: 'It is tried again by itself.', exit: 1 },
  QUEUE_FULL: { sentence: 'Too much work is waiting.', hint: 'Try again later.', exit: 1 },
  FILE_NOT_FOUND: { sentence: 'There is no such file.', hint: null, exit: 4 },
  FILE_EXISTS: { sentence: 'The file exists already.', hint: null, exit: 1 },
  DISK_FULL: {
    sentence: 'The disk is full.',
    hint: 'Free some space; nothing that was acknowledged is lost.',
    exit: 1,
  },
  DISK_FAILED: { sentence: 'The disk gave an error.', hint: 'Look at the system log and check the disk.', exit: 1 },
  DISK_GONE: {
    sentence: 'The storage folder is not available.',
    hint: 'Mount the volume again; nothing is counted as lost until then.',
    exit: 1,
  },
  STORE_CORRUPT: {
    sentence: 'A local database is damaged.',
    hint: 'It is built again from the piece files and the network.',
    exit: 1,
  },
  STORE_LOCKED: { sentence: 'Another process has the local database open.', hint: 'Stop it first.', exit: 1 },
  STORE_ENGINE_DIFFERS: {
    sentence: 'The local database was written by another engine.',
    hint: 'It is built again with the engine of this machine.',
    exit: 1,
  },
  STORE_CLOSED: { sentence: 'The local database is closed.', hint: null, exit: 1 },
  PIECE_UNKNOWN: { sentence: 'That piece is not kept here.', hint: null, exit: 4 },
  PIECE_COMING: { sentence: 'That piece is being received already.', hint: null, exit: 1 },
  PIECE_ROTTEN: { sentence: 'The piece is damaged on the disk.', hint: 'It is confessed and healed.', exit: 1 },
  PIECE_ROOT_WRONG: { sentence: 'The bytes of the piece do not have the promised root.', hint: null, exit: 1 },
  PIECE_LENGTH_WRONG: { sentence: 'The piece has not the promised length.', hint: null, exit: 1 },
  QUOTA_EXCEEDED: { sentence: 'The contract has no room left for it.', hint: 'Ask for a larger contract.', exit: 1 },
  CUSTOMER_UNKNOWN: { sentence: 'There is no contract with that customer.', hint: null, exit: 4 },
  SPACE_PROMISED: { sentence: 'The donated space is promised already.', hint: 'bitdust donate', exit: 1 },
  STORAGE_DAMAGED: {
    sentence: 'The check found pieces that are lost or corrupt.',
    hint: 'They are being repaired; bitdust storage status shows how far.',
    exit: 1,
  },
  CATALOGUE_INCOMPLETE: {
    sentence: 'Some blocks could not be read, so the catalogue has holes.',
    hint: 'Run it again when more suppliers are reached.',
    exit: 5,
  },
  // faces
  USAGE: { sentence: 'The command line is not right.', hint: 'See --help.', exit: 2 },
  TOKEN_WRONG: {
    sentence: 'The access token is missing or wrong.',
    hint: 'It is in the file named by bitdust status.',
    exit: 6,
  },
  HOST_NOT_ALLOWED: { sentence: 'This Host is not allowed here.', hint: null, exit: 6 },
  ORIGIN_NOT_ALLOWED: { sentence: 'This Origin is not allowed here.', hint: null, exit: 6 },
  RATE_LIMITED: { sentence: 'Too many requests.', hint: 'Wait a moment.', exit: 6 },
  ROUTE_NOT_FOUND: { sentence: 'There is no such operation.', hint: 'See /api/openapi.json.', exit: 4 },
  NETWORK_FILE_INVALID: {
    sentence: 'The network file is not valid.',
    hint: 'It is {"name"?, "id"?, "bootstrap": ["host:port"]}.',
    exit: 2,
  },
  ADDRESS_TAKEN: { sentence: 'The address of the local API is taken.', hint: null, exit: 1 },
  LOG_GAP: { sentence: 'Entries of the log between are missing.', hint: null, exit: 1 },
  LOG_FORKED: {
    sentence:
      'Two different entries stand at one place of the log; nothing is removed until it is decided which holds.',
    hint: 'A copy of a device may be running twice: see bitdust status.',
    exit: 1,
  },
  LOG_TOO_LARGE: { sentence: 'A log entry is larger than allowed.', hint: null, exit: 1 },
  LOG_FOREIGN: { sentence: 'The log entry is of another owner or network.', hint: null, exit: 6 },
  LOG_REVISION_UNKNOWN: { sentence: 'The log entry names an identity revision not seen yet.', hint: null, exit: 1 },
  LOG_DEVICE_UNKNOWN: { sentence: 'The log entry is of a device its identity does not list.', hint: null, exit: 6 },
  LOG_REVOKED_DEVICE: { sentence: 'A removed device may order no removal.', hint: null, exit: 6 },
  LOG_LIMIT: { sentence: 'The owner has more logs than allowed.', hint: null, exit: 1 },
  LOG_BELOW_QUORUM: {
    sentence: 'Too few suppliers hold the newest log for that.',
    hint: 'Wait until more suppliers are online.',
    exit: 5,
  },
  CHECKPOINT_INVALID: { sentence: 'A checkpoint does not hold what it says.', hint: null, exit: 1 },
  FAMILY_INVALID: { sentence: 'The family document is not valid.', hint: null, exit: 1 },
  FAMILY_OLD: { sentence: 'A newer family document is known.', hint: null, exit: 1 },
  FAMILY_FORKED: { sentence: 'Two different family documents have one version.', hint: null, exit: 1 },
  CONTRACT_INVALID: { sentence: 'The contract is not valid.', hint: null, exit: 1 },
  BLOCK_UNKNOWN: { sentence: 'No log entry names this block.', hint: null, exit: 4 },
  BLOCK_BURIED: { sentence: 'The block is buried or given up and takes no pieces.', hint: null, exit: 6 },
  SEAT_WRONG: { sentence: 'The piece is for another seat.', hint: null, exit: 6 },
  TREE_INVALID: { sentence: 'A folder of the catalogue is not valid.', hint: null, exit: 1 },
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
