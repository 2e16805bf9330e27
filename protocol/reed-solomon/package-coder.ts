import erasure from 'reed-solomon-erasure/reed_solomon_erasure_bg.js';

const PAGE_BYTES = 64 * 1024;
/** Columns are coded in parts, so that the module's memory stays small. */
const PART_BYTES = 64 * 1024;

let region: { readonly at: number; readonly bytes: number } | undefined;

/** Memory of our own in the module: pages are added behind what its allocator has, which never gives them away. */
function claim(bytes: number): number {
  if (region === undefined || region.bytes < bytes) {
    const pages = Math.ceil(bytes / PAGE_BYTES);
    region = { at: erasure.memory.grow(pages) * PAGE_BYTES, bytes: pages * PAGE_BYTES };
  }
  return region.at;
}

function inParts(pieceBytes: number, run: (from: number, length: number) => void): void {
  for (let from = 0; from < pieceBytes; from += PART_BYTES) run(from, Math.min(PART_BYTES, pieceBytes - from));
}

function demand(verdict: number): void {
  if (verdict !== 0) throw new Error(`reed-solomon-erasure refused (${verdict})`);
}

/** Fills pieces k to n - 1 with `reed-solomon-erasure`. */
export function encodeByPackage(k: number, n: number, pieces: readonly Uint8Array[]): void {
  const at = claim(n * PART_BYTES);
  inParts(pieces[0]!.length, (from, length) => {
    const memory = new Uint8Array(erasure.memory.buffer);
    for (let index = 0; index < k; index += 1) {
      memory.set(pieces[index]!.subarray(from, from + length), at + index * length);
    }
    demand(erasure.encode(at, length, k, n - k));
    const after = new Uint8Array(erasure.memory.buffer);
    for (let index = k; index < n; index += 1) {
      pieces[index]!.set(after.subarray(at + index * length, at + (index + 1) * length), from);
    }
  });
}

/** Computes pieces with `reed-solomon-erasure`. It rebuilds data pieces only, so parity is encoded again from them. */
export function reconstructByPackage(options: {
  readonly k: number;
  readonly n: number;
  readonly present: ReadonlyMap<number, Uint8Array>;
  readonly want: readonly number[];
  readonly outputs: readonly Uint8Array[];
}): void {
  const { k, n, present, want, outputs } = options;
  const flags = claim(n * PART_BYTES + n);
  const at = flags + n;
  const indices = [...present.keys()];
  inParts(present.get(indices[0]!)!.length, (from, length) => {
    const memory = new Uint8Array(erasure.memory.buffer);
    memory.fill(0, flags, flags + n);
    for (const index of indices) {
      memory[flags + index] = 1;
      memory.set(present.get(index)!.subarray(from, from + length), at + index * length);
    }
    demand(erasure.reconstruct(at, length, k, n - k, flags));
    if (want.some((index) => index >= k)) demand(erasure.encode(at, length, k, n - k));
    const after = new Uint8Array(erasure.memory.buffer);
    for (const [order, index] of want.entries()) {
      outputs[order]!.set(after.subarray(at + index * length, at + (index + 1) * length), from);
    }
  });
}
