import type { Fingerprint, ScannedEntry, SkippedPath, StoredFile, WriterOptions } from '../../ports/pipeline.ts';
import type { Workers } from '../../ports/workers.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { BlockLane } from './block-lane.ts';
import { type ByteName, toByteName } from './byte-names.ts';
import { callJob } from './call-job.ts';
import type { ReadAnswer, ReadCursor } from './read-files.ts';

const SLICES_AT_ONCE_MAX = 4;

interface ReaderNeeds {
  readonly workers: Workers;
  readonly options: WriterOptions;
  readonly dataLane: BlockLane;
  readonly takeWindow: () => ArrayBuffer;
  readonly giveWindow: (window: ArrayBuffer) => void;
  readonly claimNew: (ids: Uint8Array, lengths: Uint32Array) => Promise<Uint32Array>;
  readonly progress: { filesRead: number; bytesRead: number };
}

/** What is known of a file while it is read. */
interface FileState {
  readonly index: number;
  readonly path: Uint8Array;
  readonly name: ByteName;
  chunks: Uint8Array[];
  lengths: number[];
  holes: [number, number][];
  fingerprint: Fingerprint;
  changed: boolean;
  skipped: SkippedPath | null;
}

function stateOf(entry: ScannedEntry, index: number): FileState {
  const { path, size, mtimeNs, ctimeNs, inode } = entry;
  const fingerprint = { size, mtimeNs, ctimeNs, inode };
  return {
    index,
    path,
    name: toByteName(path),
    chunks: [],
    lengths: [],
    holes: [],
    fingerprint,
    changed: false,
    skipped: null,
  };
}

function storedFile({ index, chunks, lengths, holes, fingerprint, changed, skipped }: FileState): StoredFile {
  return { index, chunks, lengths, holes, fingerprint, changedWhileRead: changed, skipped };
}

/** A run of zeros at the end of one window goes on at the begin of the next. */
function addHole(file: FileState, offset: number, length: number): void {
  const last = file.holes.at(-1);
  if (last !== undefined && last[0] + last[1] === offset) last[1] += length;
  else file.holes.push([offset, length]);
}

function collect(slice: readonly FileState[], answer: ReadAnswer): void {
  for (const file of answer.restarted) Object.assign(slice[file]!, { chunks: [], lengths: [], holes: [] });
  for (const [index, file] of answer.files.entries()) {
    slice[file]!.chunks.push(answer.ids.subarray(index * 32, (index + 1) * 32));
    slice[file]!.lengths.push(answer.lengths[index]!);
  }
  for (const [file, offset, length] of answer.holes) addHole(slice[file]!, offset, length);
  for (const { file, fingerprint, changed, failure } of answer.done) {
    const state = slice[file]!;
    Object.assign(state, { fingerprint, changed });
    if (failure !== null)
      Object.assign(state, { chunks: [], lengths: [], holes: [], skipped: { path: state.path, ...failure } });
  }
}

/** Reads files in slices of one message each, several slices at once where there are workers for it. */
export function createFileReader(needs: ReaderNeeds) {
  const { workers, options, dataLane, takeWindow, giveWindow, claimNew, progress } = needs;
  const { root, secrets, signal } = options;

  async function seal(slice: readonly FileState[], answer: ReadAnswer): Promise<void> {
    const { window, ids, starts, lengths } = answer;
    const wanted = await claimNew(ids, lengths);
    const sourceOf = (index: number) => ({
      path: slice[answer.files[index]!]!.path,
      offset: answer.offsets[index]!,
      length: lengths[index]!,
    });
    giveWindow(await dataLane.add({ kind: 'data', window, ids, starts, lengths, wanted, sourceOf }));
  }

  async function readSlice(slice: readonly FileState[]): Promise<void> {
    const paths = slice.map(({ name }) => name);
    let cursor: ReadCursor | null = { file: 0, offset: 0, attempt: 0, begun: null };
    let sealing: Promise<void> = Promise.resolve();
    while (cursor !== null) {
      const window = takeWindow();
      const input = { root, paths, cursor, window, gear: secrets.gear, dedup: secrets.dedup };
      const answer: ReadAnswer = await callJob(workers, 'read', input, { signal, transfer: [window] });
      collect(slice, answer);
      progress.bytesRead += answer.bytesRead;
      progress.filesRead += answer.done.length;
      cursor = answer.cursor;
      // The next window is read while this one is sealed, and no further.
      await sealing;
      sealing = seal(slice, answer);
      sealing.catch(() => undefined);
    }
    await sealing;
  }

  async function addFiles(files: readonly ScannedEntry[]): Promise<readonly StoredFile[]> {
    signal.throwIfAborted();
    const states = files.map(stateOf);
    const readable = states.filter(({ index }) => files[index]!.kind === 'file');
    const step = LIMITS.scanBatchEntries.value;
    const slices = Array.from({ length: Math.ceil(readable.length / step) }, (_, at) =>
      readable.slice(at * step, (at + 1) * step),
    );
    const atOnce = Math.max(1, Math.min(SLICES_AT_ONCE_MAX, workers.status().alive, slices.length));
    const takeTurns = async () => {
      for (let slice = slices.shift(); slice !== undefined; slice = slices.shift()) await readSlice(slice);
    };
    await Promise.all(Array.from({ length: atOnce }, takeTurns));
    return states.map(storedFile);
  }

  return { addFiles };
}
