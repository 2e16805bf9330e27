import { BitDustError, type ErrorCode } from '../../protocol/errors.ts';

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'FILE_NOT_FOUND',
  EEXIST: 'FILE_EXISTS',
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EFBIG: 'DISK_FULL',
  ENODEV: 'DISK_GONE',
  ENXIO: 'DISK_GONE',
  ENOTCONN: 'DISK_GONE',
  ESTALE: 'DISK_GONE',
  ESHUTDOWN: 'DISK_GONE',
};

/** The error of the catalogue for what a file call of the system threw; `DISK_FAILED` for everything without a name of its own. */
export function diskError(cause: unknown, path: string): BitDustError {
  if (cause instanceof BitDustError) return cause;
  const system = cause instanceof Error && 'code' in cause ? String(cause.code) : 'UNKNOWN';
  return new BitDustError(CODES[system] ?? 'DISK_FAILED', undefined, { cause, details: { path, system } });
}

/** Runs a file call and turns its errors into those of the catalogue. */
export async function onDisk<Answer>(path: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (cause) {
    throw diskError(cause, path);
  }
}
