/** A person: bech32m of the 32-byte public key of root 0, prefix `bd`. */
export type PersonId = `bd1${string}`;
/** A device: bech32m of its 32-byte Ed25519 public key, prefix `bdd`. */
export type DeviceId = `bdd1${string}`;
/** 32-byte BLAKE3 block id as 64 lower-case hex digits. */
export type BlockId = string;
/** Hash of the log entry that made the version, 64 lower-case hex digits. */
export type VersionId = string;
/** 16 random bytes as 32 lower-case hex digits: one append-only log of one device. */
export type LogId = string;
