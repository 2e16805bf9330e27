// Draws every machine of the registry and the bus into diagrams/; with --check only compares.
import { diagramFiles } from './diagrams/charts.ts';
import { runGenerator } from './generated.ts';

runGenerator('diagrams', diagramFiles(), ['diagrams']);
