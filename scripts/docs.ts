// Writes the pages of docs/ that follow from the sources; with --check only compares.
import { docsFiles } from './docs/pages.ts';
import { runGenerator } from './generated.ts';

runGenerator('docs', docsFiles());
