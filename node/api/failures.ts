import { BitDustError, ERRORS, type ErrorCode, type ErrorRow, type ExitCode } from '../../protocol/errors.ts';
import type { Failure } from './values.ts';

const HTTP_STATUS: Readonly<Record<ExitCode, number>> = { 1: 409, 2: 400, 3: 503, 4: 404, 5: 503, 6: 403 };

/** Codes whose HTTP status says more than their exit code does. */
const HTTP_STATUS_OF_CODE: Partial<Record<ErrorCode, number>> = {
  INTERNAL: 500,
  TOO_LARGE: 413,
  TOKEN_WRONG: 401,
  HOST_NOT_ALLOWED: 421,
  RATE_LIMITED: 429,
  DEADLINE_PASSED: 504,
  DISK_FULL: 507,
  EVENTS_GONE: 410,
};

/** Any thrown value as programs see it. What is not of the catalogue shows nothing of itself. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof BitDustError) {
    return { code: error.code, message: error.message, hint: hintOf(error.code), details: { ...error.details } };
  }
  const row: ErrorRow = ERRORS.INTERNAL;
  return { code: 'INTERNAL', message: row.sentence, hint: row.hint, details: {} };
}

/** The failure as an error again, on the side of the caller. */
export function failureToError(failure: Partial<Failure>): BitDustError {
  const known = failure.code !== undefined && failure.code in ERRORS;
  const code = known ? (failure.code as ErrorCode) : 'INTERNAL';
  const message = known ? failure.message : `${failure.code ?? 'no code'}: ${failure.message ?? 'no message'}`;
  return new BitDustError(code, message, { details: failure.details ?? {} });
}

/** What to do next, by code; null when there is nothing. */
export function hintOf(code: ErrorCode): string | null {
  const row: ErrorRow = ERRORS[code];
  return row.hint;
}

/** How a process ends with this error. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof BitDustError ? (ERRORS[error.code] as ErrorRow).exit : 1;
}

/** The HTTP status of an error. */
export function httpStatusOf(error: unknown): number {
  if (!(error instanceof BitDustError)) return 500;
  return HTTP_STATUS_OF_CODE[error.code] ?? HTTP_STATUS[(ERRORS[error.code] as ErrorRow).exit];
}
