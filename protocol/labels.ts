/** Every label of a signature, hash, derivation, seal or exporter: `bitdust/<use>/<version>`. */
export const LABELS = {
  root: 'bitdust/root/1',
  rendezvous: 'bitdust/rendezvous/1',
  recovery: 'bitdust/recovery/1',
  knock: 'bitdust/knock/1',
  sessionClient: 'bitdust/session/client/1',
  sessionExporter: 'bitdust/session/1',
  piece: 'bitdust/piece/1',
  stream: 'bitdust/stream/1',
  batch: 'bitdust/batch/1',
  block: 'bitdust/block/1',
  gear: 'bitdust/gear/1',
  chunk: 'bitdust/chunk/1',
  footer: 'bitdust/footer/1',
  identityHolder: 'bitdust/identity-holder/1',
  role: 'bitdust/role/1',
  nickname: 'bitdust/nickname/1',
  keychainKey: 'bitdust/keychain-key/1',
  keychainContent: 'bitdust/keychain-content/1',
  recoveryRecord: 'bitdust/recovery-record/1',
  keyFile: 'bitdust/key-file/1',
  memoryRecord: 'bitdust/memory-record/1',
  memoryAnnounce: 'bitdust/memory-announce/1',
  fingerprint: 'bitdust/fingerprint/1',
} as const;

export type Label = (typeof LABELS)[keyof typeof LABELS] | `bitdust/${string}/${number}`;
