import { encode } from './cbor.ts';
import { LABELS } from './labels.ts';
import { LIMITS } from './limits.ts';
import { open, seal } from './sealed.ts';
import { array, bytes, decodeAs, int, map, nullable, record, text } from './shape.ts';

/** What the owner wants of one backup set. Paths are bytes: not every name is UTF-8. */
export interface SetSettings {
  readonly paths: readonly Uint8Array[];
  /** Both null follow the node's own target. */
  readonly k: number | null;
  readonly n: number | null;
  readonly every: string | null;
  /** How many versions are kept of each period; empty keeps all. */
  readonly keep: Readonly<Record<string, number>>;
}

/** One change of the document `settings`: a set as it is from now on, or null when it is gone. The last change of a set wins. */
export interface SettingsChange {
  readonly set: string;
  readonly settings: SetSettings | null;
}

const changeShape = map({
  s: text(LIMITS.setNameBytesMax.value),
  v: nullable(
    map({
      p: array(bytes({ min: 1, max: LIMITS.setPathBytesMax.value }), LIMITS.setPathsMax.value, 1),
      k: nullable(int(1, LIMITS.seatsMax.value)),
      n: nullable(int(1, LIMITS.seatsMax.value)),
      e: nullable(text(64)),
      r: record(int(0, 100_000), 16),
    }),
  ),
});

/** Deterministic CBOR of a change. */
export function encodeSettingsChange({ set, settings }: SettingsChange): Uint8Array {
  if (settings === null) return encode({ s: set, v: null });
  const { paths, k, n, every, keep } = settings;
  return encode({ s: set, v: { p: paths, k, n, e: every, r: keep } });
}

/** Reads what `encodeSettingsChange` wrote. Throws `ENCODING_INVALID`. */
export function decodeSettingsChange(input: Uint8Array): SettingsChange {
  const bounds = { bytesMax: LIMITS.sealedDocumentBytesMax.value, name: 'settings change' };
  const { s, v } = decodeAs(changeShape, input, bounds);
  return { set: s, settings: v === null ? null : { paths: v.p, k: v.k, n: v.n, every: v.e, keep: v.r } };
}

/** Seals a change under the documents secret of an epoch. `salt` is 16 random bytes, used once. */
export function sealSettingsChange(
  change: SettingsChange,
  key: { readonly epoch: number; readonly secret: Uint8Array; readonly salt: Uint8Array },
): Uint8Array {
  return seal({ ...key, label: LABELS.document, plaintext: encodeSettingsChange(change) });
}

/** Opens a sealed change. Throws `SEAL_BROKEN` or `ENCODING_INVALID`. */
export function openSettingsChange(
  sealed: Uint8Array,
  secretOf: (epoch: number) => Uint8Array | undefined,
): SettingsChange {
  return decodeSettingsChange(open({ secretOf, label: LABELS.document, sealed }));
}
