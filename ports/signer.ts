/** An Ed25519 private key that can sign and cannot be read. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Ed25519 over exactly these bytes (labels are the caller's), 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

export interface SignerFactory {
  /** From a 32-byte seed; the caller zeroes it afterwards. */
  fromSeed(seed: Uint8Array): Signer;
}
