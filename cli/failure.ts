import { CommanderError } from 'commander';
import type { Failure } from '../node/api/values.ts';
import { BitDustError, ERRORS, type ErrorCode, type ErrorRow } from '../protocol/errors.ts';
import type { GlobalOptions } from './context.ts';
import { EXIT_INTERRUPTED, Interrupted } from './interrupt.ts';
import { oneLine } from './print/table.ts';

/** A command that has printed its answer and still ends with a code, as `status` of a stopped node. */
export class ExitWith extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** For an answer that is printed and still not good: the sentence, the hint and the exit code of the failure. */
export function failAfterAnswer(code: ErrorCode): never {
  const row: ErrorRow = ERRORS[code];
  process.stderr.write(`error ${code}: ${row.sentence}\n${row.hint === null ? '' : `${row.hint}\n`}`);
  throw new ExitWith(row.exit);
}

/** Prints what went wrong, for people and for programs, and gives the exit code. */
export function reportFailure(error: unknown, { json = false }: GlobalOptions): number {
  if (error instanceof ExitWith) return error.exitCode;
  if (error instanceof Interrupted) {
    process.stderr.write(`${error.message}\n`);
    if (json) printJson({ code: 'CANCELLED', message: error.message, hint: null, details: {} });
    return EXIT_INTERRUPTED;
  }
  const known = knownError(error);
  const row: ErrorRow = ERRORS[known.code];
  process.stderr.write(`error ${known.code}: ${oneLine(known.message)}\n`);
  if (row.hint !== null) process.stderr.write(`${row.hint}\n`);
  if (json) printJson({ code: known.code, message: known.message, hint: row.hint, details: { ...known.details } });
  if (known.code === 'INTERNAL' && process.env['BITDUST_TRACE']) process.stderr.write(`${(error as Error).stack}\n`);
  return row.exit;
}

function printJson(error: Failure): void {
  process.stdout.write(`${JSON.stringify({ error })}\n`);
}

function knownError(error: unknown): BitDustError {
  if (error instanceof BitDustError) return error;
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    return new BitDustError('USAGE', /[.)?]$/.test(message) ? message : `${message}.`);
  }
  const message = error instanceof Error ? error.message : String(error);
  return new BitDustError('INTERNAL', `Something went wrong: ${message}`, { cause: error });
}
