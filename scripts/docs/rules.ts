/** One rule of storage and the place that enforces it. */
export interface StorageRule {
  readonly rule: string;
  readonly machine: string;
  readonly states: readonly string[];
}

/** For each rule about data, the machine and the states that hold it up. Checked against the machines. */
export const RULES: readonly StorageRule[] = [
  {
    rule: 'A version is entered in the log only when every block has its commit mark acknowledged durable.',
    machine: 'backup-task',
    states: ['settling.judging', 'settling.entering', 'committing'],
  },
  {
    rule: 'A backup that finds nobody to store with waits and goes on; it never reports success.',
    machine: 'backup-task',
    states: ['stalled'],
  },
  {
    rule: 'The health of blocks is counted afresh after every start, before anything is judged by it.',
    machine: 'backup-monitor',
    states: ['recounting', 'weighing'],
  },
  {
    rule: 'While our own network is down nobody is judged.',
    machine: 'backup-monitor',
    states: ['suspended'],
  },
  {
    rule: 'While our own network is down nobody is hired or dismissed.',
    machine: 'fire-hire',
    states: ['suspended'],
  },
  {
    rule: 'Always hire first, dismiss last; a new family counts when the log has it at a quorum.',
    machine: 'fire-hire',
    states: ['hiring', 'saving', 'dismissing'],
  },
  {
    rule: 'One dismissal of choice a round, and a pause after it.',
    machine: 'fire-hire',
    states: ['coolingDown'],
  },
  {
    rule: 'A refused growth keeps the agreement as it is, and offline is not refused.',
    machine: 'supplier-connector',
    states: ['changing', 'disconnected', 'refused'],
  },
  {
    rule: 'A supplier who was away proves one random piece before his pieces count as held again.',
    machine: 'supplier-inventory',
    states: ['sampling'],
  },
  {
    rule: 'The block with least margin comes first, and repair keeps to its budget.',
    machine: 'backup-rebuilder',
    states: ['choosing', 'repairing', 'paused'],
  },
  {
    rule: 'Before a repair begins and again before it counts, the log says whether the block is still wanted.',
    machine: 'block-rebuilder',
    states: ['checkingNeed', 'checkingAgain', 'obsolete'],
  },
  {
    rule: 'A repaired piece counts only when its new holder confirmed it.',
    machine: 'block-rebuilder',
    states: ['placing', 'confirming'],
  },
  {
    rule: 'A block is opened only from pieces that match the roots in its record.',
    machine: 'block-fetcher',
    states: ['checking', 'damaged'],
  },
  {
    rule: 'A restored file gets its name only after every byte was verified.',
    machine: 'restore-task',
    states: ['verifying', 'placing'],
  },
  {
    rule: 'Old versions are retired by retention alone, and removal stays closed after a recovery.',
    machine: 'version-keeper',
    states: ['choosing', 'retiring', 'held'],
  },
  {
    rule: 'A retired version can be brought back.',
    machine: 'version-keeper',
    states: ['bringingBack'],
  },
  {
    rule: 'No agreement ends by silence: absence is noted, and only words or a due notice release the room.',
    machine: 'customer-agreement',
    states: ['absent', 'onNotice', 'releasing'],
  },
  {
    rule: 'Donated room is brought back into balance by freeing first and by notice last.',
    machine: 'customers-rejector',
    states: ['freeing', 'choosing', 'givingNotice'],
  },
  {
    rule: 'A supplier reads what it keeps again, and confesses what rotted.',
    machine: 'store-checker',
    states: ['walking', 'confessing'],
  },
  {
    rule: 'A missing or broken disk is never mistaken for lost pieces.',
    machine: 'disk-guard',
    states: ['unwritable', 'absent'],
  },
];
