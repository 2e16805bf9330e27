/** HPKE (RFC 9180) base mode. Keys are raw bytes of public keys; private halves stay inside. */
export interface SealingKey {
  /** Raw public key: 32 bytes for X25519, 1,216 for X-Wing. */
  readonly publicKey: Uint8Array;
  /** Opens what was sealed to `publicKey`; rejects with `SEAL_BROKEN`. */
  open(sealed: Uint8Array, options: { readonly label: string; readonly purpose: Uint8Array }): Promise<Uint8Array>;
}

export interface Sealing {
  /** Deterministic from 32 bytes; the caller zeroes them. */
  xWingKey(seed: Uint8Array): Promise<SealingKey>;
  /** Gives encapsulated key and ciphertext in one buffer. `randomness` (32 bytes, 64 for X-Wing) is used once. */
  seal(options: {
    readonly to: Uint8Array;
    readonly kind: 'x25519' | 'x-wing';
    readonly label: string;
    readonly purpose: Uint8Array;
    readonly plaintext: Uint8Array;
    readonly randomness: Uint8Array;
  }): Promise<Uint8Array>;
}
