/** One thing that is not tidy, in a sentence that says where. */
export interface Problem {
  readonly rule: string;
  /** Path from the root, with `:line` when there is one. */
  readonly where: string;
  readonly what: string;
}

/** One rule: reads the repository, gives its problems. */
export interface Rule {
  readonly name: string;
  check(): readonly Problem[];
}

/** Line number of a position in a text. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
