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
