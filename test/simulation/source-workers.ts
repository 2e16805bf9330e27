import { join } from 'node:path';
import type { Workers } from '../../ports/workers.ts';

interface WithFingerprint {
  readonly ctimeNs: bigint;
  readonly inode: bigint;
}

/**
 * Workers that read and write sources in a folder of this run, whose name and inodes nobody in the simulation learns:
 * two runs of one seed see the same paths and the same fingerprints.
 */
export function sourceWorkers(inner: Workers, folder: string): Workers {
  return {
    ...inner,
    async run<Answer>(job: string, input: unknown, options?: Parameters<Workers['run']>[2]): Promise<Answer> {
      const answer = await inner.run<Answer>(job, withRealPaths(input, folder), options);
      return (job === 'walk' || job === 'read' ? repeatable(answer) : answer) as Answer;
    },
  };
}

/** Where a path of the simulation really lies: the folder of the run is its root. */
export function realPath(path: string, folder: string): string {
  return join(folder, path);
}

function withRealPaths(input: unknown, folder: string): unknown {
  if (typeof input !== 'object' || input === null) return input;
  const { root, folder: target } = input as { readonly root?: unknown; readonly folder?: unknown };
  return {
    ...input,
    ...(typeof root === 'string' ? { root: realPath(root, folder) } : {}),
    ...(typeof target === 'string' ? { folder: realPath(target, folder) } : {}),
  };
}

function repeatable(answer: unknown): unknown {
  const { entries, done } = answer as {
    readonly entries?: readonly WithFingerprint[];
    readonly done?: readonly { readonly fingerprint: WithFingerprint }[];
  };
  const steady = <T extends WithFingerprint>(row: T): T => ({ ...row, ctimeNs: 0n, inode: 0n });
  return {
    ...(answer as object),
    ...(entries ? { entries: entries.map(steady) } : {}),
    ...(done ? { done: done.map((row) => ({ ...row, fingerprint: steady(row.fingerprint) })) } : {}),
  };
}
