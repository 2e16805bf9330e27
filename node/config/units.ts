const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const SIZE_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

const SIZE_UNITS = new Map(Object.entries(SIZE_BYTES).map(([unit, bytes]) => [unit.toLowerCase(), bytes]));

/** Milliseconds of `'5s'`, `'90m'`, `'1h'`, `'7d'`; undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)\s*$/.exec(text);
  const unit = match && DURATION_MS[match[2] ?? ''];
  return unit ? exact(Number(match[1]) * unit) : undefined;
}

/** Bytes of `'2GiB'`, `'500 MB'`, `'4096'`; undefined when it is no size. Upper and lower case are the same. */
export function parseSize(text: string): number | undefined {
  const match = /^\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = match && SIZE_UNITS.get((match[2] || 'B').toLowerCase());
  return unit ? exact(Number(match[1]) * unit) : undefined;
}

/** Bytes a second of `'2MiB/s'`; undefined when it is no rate. */
export function parseRate(text: string): number | undefined {
  const match = /^(.*)\/s\s*$/.exec(text);
  return match ? parseSize(match[1] ?? '') : undefined;
}

/** k and n of `'4/8'`; undefined when it is no geometry. */
export function parseGeometry(text: string): { readonly k: number; readonly n: number } | undefined {
  const match = /^\s*([0-9]{1,3})\s*\/\s*([0-9]{1,3})\s*$/.exec(text);
  if (!match) return undefined;
  const [k, n] = [Number(match[1]), Number(match[2])];
  return k >= 1 && k <= n && n <= 64 ? { k, n } : undefined;
}

function exact(value: number): number | undefined {
  const rounded = Math.round(value);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}
