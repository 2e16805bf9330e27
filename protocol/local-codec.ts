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
  // A plain view, so that byte strings come out as Uint8Array and never as Buffer, whose `slice` shares memory.
  return decoder.decode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as Value;
}
