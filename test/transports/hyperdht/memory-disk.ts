import type { Disk } from '../../../ports/disk.ts';

/** The few calls that held records need, in memory. */
export function memoryDisk(): Disk & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  const disk = {
    files,
    readFile: async (path: string) => {
      const bytes = files.get(path);
      if (bytes === undefined) throw Object.assign(new Error('no such file'), { code: 'FILE_NOT_FOUND' });
      return bytes;
    },
    replaceFile: async (path: string, bytes: Uint8Array) => void files.set(path, bytes),
    makeFolder: async () => undefined,
  };
  return disk as unknown as Disk & typeof disk;
}
