import { Decoder, Encoder } from 'cbor-x';

// Without records (`useRecords`) the bytes need no shared state, so a record written today opens after any restart.
const options = { useRecords: false, mapsAsObjects: true, variableMapSize: true, tagUint8Array: false } as const;
const encoder = new Encoder(options);
const decoder = new Decoder(options);

/** Fast CBOR for the node's own records, worker messages and traces. Never for bytes that others wrote. */
export function encodeLocal(value: unknown): Uint8Array {
  return Uint8Array.from(encoder.encode(value));
}

/** Reads what `encodeLocal` wrote. The caller names the type he stored; nothing is checked. */
export function decodeLocal<Value>(bytes: Uint8Array): Value {
  return decoder.decode(bytes) as Value;
}
