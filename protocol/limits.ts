/** A limit with its reason; `docs/limits.md` is generated from the table. */
export interface Limit {
  readonly value: number;
  readonly unit: string;
  readonly why: string;
}

function limit(value: number, unit: string, why: string): Limit {
  return { value, unit, why };
}

/** Every limit of the node in one place. One section a chapter. */
export const LIMITS = {
  // protocol
  cborDepthMax: limit(16, 'levels', 'The decoder recurses, so depth is bounded before it runs.'),
  cborItemsMax: limit(65_536, 'values', 'A packet of 64 KiB cannot hold more, and decoding stays in milliseconds.'),
  publicKeysCachedMax: limit(
    4096,
    'keys',
    'The import check costs milliseconds; this covers every peer of a busy node.',
  ),
  statementBytesMax: limit(320 * 1024, 'bytes', 'A log entry of 256 KiB with its signatures.'),
  statementSignaturesMax: limit(4, 'signatures', 'Two sides of a contract and room for a second device each.'),
  smallStatementBytesMax: limit(8 * 1024, 'bytes', 'Contracts, receipts, profiles and claims are a few hundred bytes.'),
  identityFileBytesMax: limit(48 * 1024, 'bytes', 'The greeting carries it whole in one packet of 56 KiB.'),
  documentBytesMax: limit(
    64 * 1024,
    'bytes',
    'Identity file, family, keychain and records; all are bounded by seats and devices.',
  ),
  logHeadsMax: limit(128, 'heads', '20 devices with a few logs each, in one packet.'),
  logEntriesPerPacketMax: limit(4096, 'entries', 'A stream of 4 MiB holds no more small entries.'),
  piecesPerPacketMax: limit(64, 'pieces', 'One acknowledgement covers them, and memory for streams stays bounded.'),
  pieceRefsPerPacketMax: limit(256, 'pieces', 'Ids of 256 pieces fit 16 KiB.'),
  pieceIdsPerFilesMax: limit(1700, 'pieces', 'Ids of 33 bytes fill a packet of 60 KiB.'),
  pieceBytesMax: limit(8 * 1024 * 1024, 'bytes', 'A block of k = 1 has at most 8 MiB; larger k make smaller pieces.'),
  leafBytes: limit(16 * 1024, 'bytes', 'Leaf of the piece tree: the least that can be verified alone.'),
  auditLeavesMax: limit(32, 'leaves', 'The proof stays under 1 MiB.'),
  auditProofBytesMax: limit(1024 * 1024, 'bytes', 'Thirty-two leaves of 16 KiB with their paths.'),
  packetBytesMax: limit(64 * 1024, 'bytes', 'A packet fits one frame with room for its head.'),
  replayWindowBits: limit(1024, 'sequences', 'Orders sent together may overtake each other; what is older is refused.'),
  adminsMax: limit(8, 'keys', 'The root head record of 700 bytes carries them all.'),
  devicesMax: limit(20, 'devices', 'A device list of 20 seal keys is 26 KiB, and an identity file has 48 KiB.'),
  identityStatementsMax: limit(64, 'statements', 'More do not fit 48 KiB.'),
  addressesMax: limit(4, 'addresses', 'A presence record has 400 bytes.'),
  anchorsMax: limit(8, 'suppliers', 'A recovery record has 900 bytes.'),
  storageEpochsMax: limit(64, 'epochs', 'One a removed device; each adds 150 bytes to the keychain.'),
  petnamesMax: limit(256, 'names', 'The keychain document has 64 KiB.'),
  rendezvousPairsMax: limit(32, 'pairs', 'The current one and the next 8, with room over a rotation.'),
  seatsMax: limit(64, 'seats', 'A family document and a block record stay small.'),
  // network
  framePayloadBytesMax: limit(
    64 * 1024,
    'bytes',
    'A frame never holds the control lane up for longer than a millisecond.',
  ),
  handshakeMs: limit(10_000, 'ms', 'A handshake is three round trips; a silent prober holds a socket no longer.'),
  handshakesPerRangeMax: limit(8, 'handshakes', 'One range of addresses cannot take all places of the unproved.'),
  handshakesMax: limit(64, 'handshakes', 'Unproved streams in all, also where each port is a range of its own.'),
  knockAgeMs: limit(10 * 60_000, 'ms', 'Clocks of honest devices differ by less.'),
  knockNonceMs: limit(20 * 60_000, 'ms', 'A knock is good for 10 min on either side of our clock.'),
  knockNoncesMax: limit(100_000, 'nonces', 'More good knocks than this in 20 min cannot be served anyway.'),
  streamCreditBytes: limit(256 * 1024, 'bytes', 'What a stream may send before its reader took any of it.'),
  streamCreditBytesMax: limit(1024 * 1024, 'bytes', 'A reader that keeps up gets room for a fast path with 100 ms.'),
  sessionCreditBytes: limit(4 * 1024 * 1024, 'bytes', 'Memory a peer can fill with unread bytes.'),
  streamsPerLinkMax: limit(512, 'streams', 'A batch of 64 pieces both ways, and room; a head costs a kilobyte.'),
  streamAcceptMs: limit(60_000, 'ms', 'A stream that no packet claims is reset.'),
  packetsUnreadBytesMax: limit(1024 * 1024, 'bytes', 'Packets received before anybody listens.'),
  packetsUnackedBytesMax: limit(1024 * 1024, 'bytes', 'Packets kept for sending again after a reconnect.'),
  packetsUnackedMax: limit(4096, 'packets', 'As many small packets as the window of bytes is worth keeping.'),
  linkResumeMs: limit(10 * 60_000, 'ms', 'A laptop changes networks or sleeps through a meeting room in less.'),
  linksDownMax: limit(256, 'links', 'Each may keep five megabytes for its return.'),
  frameMs: limit(30_000, 'ms', 'A frame of control once begun is complete by then, or the session is broken.'),
  writeStallMs: limit(
    60_000,
    'ms',
    '256 KiB pass a line of 128 kbit/s in 16 s; nothing taken for 60 s is a dead path.',
  ),
  sessionAgeMs: limit(24 * 3_600_000, 'ms', 'TLS in Node has no key update, so keys are renewed with the session.'),
  sessionBytes: limit(64 * 1024 ** 3, 'bytes', 'Far below what AES-GCM allows under one key.'),
  dialMs: limit(10_000, 'ms', 'A host that is there answers a connect within seconds.'),
  pingsInFlightMax: limit(16, 'pings', 'More tell nothing new.'),
  directoryValueBytesMax: limit(1000, 'bytes', 'A record and its signature fit one datagram on every path.'),
  directorySequenceAheadMs: limit(
    48 * 3_600_000,
    'ms',
    'A sequence far ahead would block the key for ever; two days forgive a wrong time zone and a slow clock.',
  ),
  directoryRecordLifeMs: limit(12 * 3_600_000, 'ms', 'Four refreshes fit, so three may be lost.'),
  directoryAnnouncesPerRangeAndTarget: limit(2, 'announces', 'One range of addresses cannot crowd others out.'),
  directoryAnnouncesPerSourceHour: limit(64, 'announces', 'A node announces its roles and names, not thousands.'),
  directoryPutsPerSourceHour: limit(2000, 'puts', 'A supplier puts the records of his customers again every 3 h.'),
  directoryRequestsPerSecond: limit(100, 'requests', 'A busy neighbour needs a few; a flood needs thousands.'),
  directoryRequestsBurst: limit(1000, 'requests', 'A start and a look-up from many nodes come all at once.'),
  directorySourcesMax: limit(16_384, 'sources', 'The table of sources stays under a few megabytes.'),
  directoryHeldMax: limit(16_384, 'records', 'Held records stay under 32 MiB in memory and on disk.'),
  directoryAnswerKeysMax: limit(20, 'keys', 'One answer to a look-up fits one datagram.'),
  // storage
  chunkBytesMax: limit(4 * 1024 * 1024, 'bytes', 'The chunker cuts here at the latest; two of them fit every block.'),
  blockRecordBytesMax: limit(4 * 1024, 'bytes', 'A record of 64 seats has 2.2 KiB.'),
  blockBatchMax: limit(64, 'records', 'One log entry of them stays under 256 KiB.'),
  footerBytesMax: limit(32 * 1024 * 1024, 'bytes', 'A block full of the smallest files is mostly footer.'),
  workerQueueMax: limit(64, 'jobs', 'What waits holds buffers; more would only wait longer.'),
  workersMax: limit(8, 'threads', 'One gigabit link is carried by two; more only heat the machine.'),
  scanBatchEntries: limit(256, 'entries', 'One message a batch costs nothing beside reading it.'),
  windowBytes: limit(
    8 * 1024 * 1024,
    'bytes',
    'Two chunks of the largest size, and little to lose when a file changes.',
  ),
  bufferBudgetBytes: limit(256 * 1024 * 1024, 'bytes', 'Blocks in memory of a whole node.'),
  bufferBudgetConsumerBytes: limit(64 * 1024 * 1024, 'bytes', 'The same on a small machine.'),
  readAttemptsMax: limit(3, 'reads', 'A file that changes each time is stored as last read, and marked.'),
  ignoreFileBytesMax: limit(256 * 1024, 'bytes', 'An ignore file is written by hand.'),
  logEntryBytesMax: limit(256 * 1024, 'bytes', 'An entry is held whole in memory by every holder that checks it.'),
  attachmentsMax: limit(4096, 'items', 'One entry is checked in milliseconds.'),
  recordsPerEntryMax: limit(64, 'records', 'A Merkle path to one record stays at six hashes.'),
  blocksPerEntryMax: limit(4096, 'blocks', 'Their ids fill half of an entry.'),
  sealedVersionBytesMax: limit(1024, 'bytes', 'A version entry has under 400; the rest is room for later fields.'),
  sealedDocumentBytesMax: limit(192 * 1024, 'bytes', 'A whole keychain with 20 devices fits one entry.'),
  logsPerOwnerMax: limit(64, 'logs', 'Twenty devices, each with a few restored images.'),
  checkpointPartsMax: limit(65_536, 'parts', 'Sixteen GiB of state, more than 200 TB of backups need.'),
  familyBytesMax: limit(16 * 1024, 'bytes', 'Sixty-four seats of 100 bytes, twice over.'),
  contractBytesMax: limit(2048, 'bytes', 'Contract and notice ride in packets of 2 to 4 KiB.'),
  confessedPiecesMax: limit(64, 'pieces', 'One packet; a long confession is several.'),
  treeEntriesMax: limit(1024, 'entries', 'A change of one file writes one object again, not a folder of 100,000.'),
  treeChunksPerEntryMax: limit(
    16_384,
    'chunk ids',
    'An object stays below the chunk limit; a longer file goes on in the next one.',
  ),
  treeObjectBytesMax: limit(4 * 1024 * 1024, 'bytes', 'An object is one chunk.'),
  nameBytesMax: limit(1024, 'bytes', 'Longer than any file system allows.'),
  linkTargetBytesMax: limit(8192, 'bytes', 'Twice the longest path Linux takes.'),
  indexRowsMax: limit(32_768, 'copies', 'An index object is one chunk of at most 4 MiB.'),
  indexEarlierMax: limit(4096, 'objects', 'Merged long before: a row is 250 bytes.'),
  setNameBytesMax: limit(36, 'bytes', 'A sealed version entry stays under 400 bytes.'),
  marksPerBlockMax: limit(8, 'marks of a kind and log', 'A row stays small whatever a broken device writes.'),
  segmentPieceBytesMax: limit(64 * 1024, 'bytes', 'Smaller pieces share segments: a file each costs three syncs.'),
  segmentBytesMax: limit(16 * 1024 * 1024, 'bytes', 'Compacting a segment is one short piece of work.'),
  acknowledgeTogetherMax: limit(16, 'pieces', 'So many pieces share the syncs of their folders and of the index.'),
  acknowledgeGatherMs: limit(5, 'ms', 'A piece waits no longer for others to share its syncs.'),
  documentNameCharsMax: limit(32, 'characters', 'Documents have short names of the protocol.'),
  // suppliers
  // customers
  // backup
  // restore
  // rebuild
  // faces
  apiBodyBytesMax: limit(2 ** 20, 'bytes', 'Requests are names and figures; ten thousand paths of a backup still fit.'),
  apiRequestsPerMinuteMax: limit(6000, 'requests', 'A script that asks in a loop slows itself, not the node.'),
  eventSocketsMax: limit(64, 'sockets', 'Each follows the bus; a page needs one.'),
  eventSocketBytesMax: limit(4 * 2 ** 20, 'bytes', 'A listener that reads slower than this comes back by number.'),
} as const satisfies Record<string, Limit>;
