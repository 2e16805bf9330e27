import type { MemoryFile } from './memory-file.ts';

export type MemoryNode = MemoryFile | MemoryFolder;

type Change = readonly { readonly name: string; readonly node: MemoryNode | undefined }[];

/** One folder of the memory disk: its present names, and the changes that a power cut may undo. */
export class MemoryFolder {
  readonly mode: number;
  #names = new Map<string, MemoryNode>();
  #durable = new Map<string, MemoryNode>();
  #pending: Change[] = [];

  constructor(mode: number) {
    this.mode = mode;
  }

  get(name: string): MemoryNode | undefined {
    return this.#names.get(name);
  }

  names(): readonly (readonly [string, MemoryNode])[] {
    return [...this.#names];
  }

  /** All or nothing: a rename within one folder is one change. */
  change(change: Change): void {
    apply(this.#names, change);
    this.#pending.push(change);
  }

  sync(): void {
    for (const change of this.#pending) apply(this.#durable, change);
    this.#pending = [];
  }

  /** Each unsynced change of names has happened or not, whatever became of the others. */
  powerCut(fraction: () => number): void {
    for (const change of this.#pending) if (fraction() < 0.5) apply(this.#durable, change);
    this.#pending = [];
    this.#names = new Map(this.#durable);
  }
}

function apply(names: Map<string, MemoryNode>, change: Change): void {
  for (const { name, node } of change) {
    if (node) names.set(name, node);
    else names.delete(name);
  }
}
