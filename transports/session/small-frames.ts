import { FRAME, frame } from './frames.ts';

const CAUSE_BYTES_MAX = 256;

/** The last frame of a link, with the cause as text. */
export function closeFrame(cause: string): Uint8Array {
  return frame(FRAME.close, 0, new TextEncoder().encode(cause).subarray(0, CAUSE_BYTES_MAX));
}

/** The cause a peer gives, fit to be shown: printable ASCII, the rest as question marks. */
export function causeIn(payload: Uint8Array): string {
  const text = new TextDecoder().decode(payload).replace(/[^\x20-\x7e]/g, '?');
  return text === '' ? 'closed by the peer' : text;
}

/** Tells how many numbered frames were received. */
export function acknowledgeFrame(received: number): Uint8Array {
  const count = new Uint8Array(8);
  new DataView(count.buffer).setBigUint64(0, BigInt(received));
  return frame(FRAME.acknowledge, 0, count);
}

/** The count of an acknowledge; −1, which is never right, beyond what a number can hold. */
export function countIn(payload: Uint8Array): number {
  const count = new DataView(payload.buffer, payload.byteOffset).getBigUint64(0);
  return count > BigInt(Number.MAX_SAFE_INTEGER) ? -1 : Number(count);
}
