import { BitDustError, type ErrorCode } from '../../protocol/errors.ts';
import { errnoOf } from './byte-names.ts';
import { codeAgain, codeBlock } from './code-block.ts';
import { openChunks, readBlockFooter, recomputePieces, verifyPieces } from './decode-jobs.ts';
import { readFiles } from './read-files.ts';
import { remakeBlock } from './remake-block.ts';
import { abandonOutput, finishFiles, finishTree, placeChunks, prepareOutput } from './restore-files.ts';
import { sealWindow } from './seal-window.ts';
import { walkFolder } from './walk-folder.ts';

/** What a job may use besides its input. */
export interface JobContext {
  /** Fresh bytes, each time. */
  random(length: number): Uint8Array;
}

/** Every job by name. All are synchronous: they run where nobody waits. */
const JOBS = {
  walk: walkFolder,
  read: readFiles,
  seal: (input, { random }) => sealWindow(input, random),
  code: (input, { random }) => codeBlock(input, random),
  codeAgain,
  remake: remakeBlock,
  verify: verifyPieces,
  recompute: recomputePieces,
  open: openChunks,
  footer: readBlockFooter,
  prepare: prepareOutput,
  place: placeChunks,
  finishFiles,
  finishTree,
  abandon: abandonOutput,
} satisfies {
  walk: typeof walkFolder;
  read: typeof readFiles;
  seal: (input: Parameters<typeof sealWindow>[0], context: JobContext) => ReturnType<typeof sealWindow>;
  code: (input: Parameters<typeof codeBlock>[0], context: JobContext) => ReturnType<typeof codeBlock>;
} & Record<string, (input: never, context: JobContext) => unknown>;

export type JobName = keyof typeof JOBS;
export type JobInput<Name extends JobName> = Parameters<(typeof JOBS)[Name]>[0];
export type JobAnswer<Name extends JobName> = ReturnType<(typeof JOBS)[Name]>;

function isJob(name: string): name is JobName {
  return Object.hasOwn(JOBS, name);
}

/** Runs a job by name. The caller has the right input: nobody but the pipeline sends jobs. */
export function runJob(name: string, input: unknown, context: JobContext): unknown {
  if (!isJob(name)) throw new BitDustError('INTERNAL', `there is no job ${name}`);
  const job = JOBS[name] as (input: unknown, context: JobContext) => unknown;
  return job(input, context);
}

/** The buffers of an answer that go over to the receiver: whole buffers, and those of byte arrays that fill theirs. */
export function transferable(answer: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const values = Array.isArray(answer)
    ? answer
    : typeof answer === 'object' && answer !== null
      ? Object.values(answer)
      : [];
  for (const value of [answer, ...values]) {
    if (value instanceof ArrayBuffer) found.add(value);
    else if (ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer) {
      if (value.byteLength === value.buffer.byteLength && value.byteLength > 0) found.add(value.buffer);
    }
  }
  const blocks = values.find(
    (value): value is { buffer: ArrayBuffer }[] => Array.isArray(value) && value[0]?.buffer instanceof ArrayBuffer,
  );
  for (const block of blocks ?? []) found.add(block.buffer);
  return [...found];
}

/** An error as it travels between threads. */
export interface JobFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const DISK_FULL_ERRNOS = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Takes an error apart; a failed system call gets the code of the disk. */
export function toFailure(error: unknown): JobFailure {
  if (error instanceof BitDustError) return { code: error.code, message: error.message, details: error.details };
  const errno = errnoOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (errno === null || !/^E[A-Z0-9]+$/.test(errno)) return { code: 'INTERNAL', message, details: {} };
  return { code: DISK_FULL_ERRNOS.has(errno) ? 'DISK_FULL' : 'DISK_FAILED', message, details: { errno } };
}

/** Puts an error together again. */
export function fromFailure({ code, message, details }: JobFailure): BitDustError {
  return new BitDustError(code, message, { details });
}
