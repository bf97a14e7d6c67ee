import { readFileSync, writeFileSync } from 'node:fs';
import { accessRows, permissionRows, phaseDiagram, withDiagram, withTable } from './documents';

/* Writes the parts of the documents that follow from the code: `npm run docs`, from the project root. */

const tables = [
  { file: 'docs/access.md', heading: '## The kinds', rows: accessRows() },
  {
    file: 'infra/graph-permissions.md',
    heading: '## Application permissions of Microsoft Graph',
    rows: permissionRows(),
  },
];
for (const { file, heading, rows } of tables) {
  writeFileSync(file, withTable(readFileSync(file, 'utf8'), heading, rows));
}

const architecture = 'ARCHITECTURE.md';
writeFileSync(architecture, withDiagram(readFileSync(architecture, 'utf8'), '## Phases', phaseDiagram()));
