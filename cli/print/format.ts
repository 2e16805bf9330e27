const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** A size for people: `12 B`, `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** A duration for people: `850 ms`, `12 s`, `3 min 20 s`, `5 h 2 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${seconds} s`;
  if (seconds < 3600) return two(seconds, 60, 'min', 's');
  return seconds < 86_400
    ? two(Math.round(seconds / 60), 60, 'h', 'min')
    : two(Math.round(seconds / 3600), 24, 'd', 'h');
}

/** A time for people, to the second, in UTC: `2026-11-21 09:00:00`. */
export function formatTime(iso: string | null): string {
  return iso === null ? '-' : iso.slice(0, 19).replace('T', ' ');
}

/** How long ago, roughly. */
export function formatAge(iso: string | null, now: number): string {
  return iso === null ? '-' : formatDuration(Math.max(0, now - Date.parse(iso)));
}

/** An id short enough for a table. */
export function shortId(id: string | null): string {
  return id === null ? '-' : id.length <= 14 ? id : `${id.slice(0, 10)}…${id.slice(-3)}`;
}

/** One, or many with an s. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function two(value: number, base: number, big: string, small: string): string {
  const rest = value % base;
  return `${Math.floor(value / base)} ${big}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}
