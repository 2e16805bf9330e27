import ts from 'typescript';
import { textOf } from '../files.ts';

const parsed = new Map<string, ts.SourceFile>();

/** The syntax tree of a source, parsed once. */
export function sourceOf(path: string): ts.SourceFile {
  let source = parsed.get(path);
  if (!source) {
    source = ts.createSourceFile(path, textOf(path), ts.ScriptTarget.ES2024, true);
    parsed.set(path, source);
  }
  return source;
}

/** Every node of a tree, parents first. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* nodesOf(child);
}

/** Line of a node, from 1. */
export function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}

export interface Import {
  readonly specifier: string;
  readonly isType: boolean;
  /** Not at the top of the file but `await import(...)`. */
  readonly isDynamic: boolean;
  readonly line: number;
}

/** What a source imports or re-exports. */
export function importsOf(path: string): Import[] {
  const source = sourceOf(path);
  const found: Import[] = [];
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) continue;
    if (!statement.moduleSpecifier || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    found.push({
      specifier: statement.moduleSpecifier.text,
      isType: isTypeOnly(statement),
      isDynamic: false,
      line: lineOf(source, statement),
    });
  }
  for (const match of source.text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)) {
    const line = source.getLineAndCharacterOfPosition(match.index).line + 1;
    found.push({ specifier: match[1]!, isType: false, isDynamic: true, line });
  }
  return found;
}

function isTypeOnly(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(statement)) return statement.isTypeOnly;
  const clause = statement.importClause;
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const named = clause.namedBindings;
  if (clause.name || !named || !ts.isNamedImports(named)) return false;
  return named.elements.length > 0 && named.elements.every((element) => element.isTypeOnly);
}
