import { BitDustError, type ErrorCode } from '../../protocol/errors.ts';

const SIGNS: readonly (readonly [RegExp, ErrorCode])[] = [
  [/LEVEL_LOCKED|lock hold|while lock file|already held|Resource temporarily unavailable/i, 'STORE_LOCKED'],
  [/No space left|ENOSPC|Disk quota|out of space/i, 'DISK_FULL'],
  [
    /LEVEL_CORRUPTION|corrupt|checksum mismatch|bad magic|not an sstable|does not match existing comparator|bad record|missing files/i,
    'STORE_CORRUPT',
  ],
  // A table or manifest that the database names and the folder has not is damage as well.
  [/No such file or directory.*\.(sst|ldb|log)|MANIFEST|CURRENT file/i, 'STORE_CORRUPT'],
  [/LEVEL_DATABASE_NOT_OPEN|LEVEL_ITERATOR_NOT_OPEN|is not open/i, 'STORE_CLOSED'],
];

/** The error of the catalogue for what an `abstract-level` engine threw, by its codes and texts down to the first cause. */
export function levelError(cause: unknown, folder: string): BitDustError {
  if (cause instanceof BitDustError) return cause;
  const texts: string[] = [];
  for (let error = cause; error instanceof Error && texts.length < 8; error = error.cause) {
    texts.push('code' in error ? `${error.code} ${error.message}` : error.message);
  }
  // The deepest cause says what happened, the outer ones only what was being done.
  for (const text of texts.toReversed()) {
    const code = SIGNS.find(([sign]) => sign.test(text))?.[1];
    if (code) return new BitDustError(code, undefined, { cause, details: { folder } });
  }
  return new BitDustError('DISK_FAILED', undefined, { cause, details: { folder } });
}
