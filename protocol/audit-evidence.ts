import { auditLeaves } from './audit.ts';
import { frameItems, unframeItems } from './framed.ts';
import { LABELS } from './labels.ts';
import { LIMITS } from './limits.ts';
import { leafCount, rangePath, verifyRange } from './piece-tree.ts';

/** One leaf of a piece with the hashes that prove it. */
export interface ProvenLeaf {
  readonly data: Uint8Array;
  readonly path: Uint8Array;
}

/** The evidence stream of a proof: for each leaf in the order drawn its path, then its bytes, each as u32 length and bytes. */
export function packEvidence(leaves: readonly ProvenLeaf[]): Uint8Array {
  return frameItems(leaves.flatMap(({ path, data }) => [path, data]));
}

/** Makes the evidence for a challenge; `leafData` gives the bytes of the leaves that `auditLeaves` names, in that order. */
export function makeEvidence(options: {
  readonly leafHashes: Uint8Array;
  readonly leaves: readonly { readonly index: number; readonly data: Uint8Array }[];
}): Uint8Array {
  return packEvidence(
    options.leaves.map(({ index, data }) => ({
      data,
      path: rangePath(options.leafHashes, { first: index, count: 1 }),
    })),
  );
}

/** True when the stream proves every leaf of the challenge under the piece's root. Never throws for bad input. */
export function checkEvidence(options: {
  readonly root: Uint8Array;
  readonly length: number;
  readonly nonce: Uint8Array;
  readonly count: number;
  readonly evidence: Uint8Array;
}): boolean {
  const wanted = auditLeaves({ nonce: options.nonce, count: options.count, leaves: leafCount(options.length) });
  const items = itemsOf(options.evidence);
  if (items?.length !== wanted.length * 2) return false;
  return wanted.every((index, turn) =>
    verifyRange(LABELS.piece, {
      root: options.root,
      length: options.length,
      first: index,
      data: items[turn * 2 + 1]!,
      path: items[turn * 2]!,
    }),
  );
}

function itemsOf(evidence: Uint8Array): readonly Uint8Array[] | undefined {
  try {
    return unframeItems(evidence, LIMITS.leafBytes.value);
  } catch {
    return undefined;
  }
}
