import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readSettings, settingsTable } from '../../adapters/settings';
import { failures, httpCodes, migrationCodes } from '../../domain/failures';
import { kindSchema } from '../../domain/grants';
import { migrationRequestSchema, migrationSchema } from '../../domain/migration';
import { phaseSchema } from '../../domain/phases';
import { ROUTE_PREFIX, routes } from '../../functions/routes';
import { accessRows, permissionRows, phaseDiagram } from '../../local/documents';

const root = path.resolve(__dirname, '../..');
const text = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const notOurs = new Set(['node_modules', 'dist', 'coverage', '.git', '.local']);
const documents = filesIn('').filter((file) => file.endsWith('.md'));

/** Files below a folder of the project, as paths relative to its root. */
function filesIn(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (notOurs.has(entry.name)) return [];
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(place);
    return entry.isFile() ? [place] : [];
  });
}

/** The part of a document from a heading to the next one of the same or a higher level. */
function section(file: string, heading: string): string {
  const [, after] = text(file).split(`\n${heading}\n`);
  if (after === undefined) throw new Error(`${file} has no heading "${heading}"`);
  const level = heading.indexOf(' ');
  return after.split(new RegExp(`\n#{1,${level}} `))[0] ?? '';
}

/** Rows of the first table of a section, without its head. Cells are trimmed. */
function table(file: string, heading: string): string[][] {
  const lines = section(file, heading).split('\n');
  const from = lines.findIndex((line) => line.startsWith('|'));
  const length = lines.slice(from).findIndex((line) => !line.startsWith('|'));
  return lines.slice(from + 2, from + length).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const code = (words: string): string => `\`${words}\``;

describe('docs/failures.md', () => {
  it('lists exactly the codes of answers, with status and title', () => {
    const registry = httpCodes.map((name) => [code(name), String(failures[name].status), failures[name].title]);
    expect(table('docs/failures.md', '## Answers of the API')).toEqual(registry);
  });

  it('lists exactly the codes of migrations, with title and advice', () => {
    const registry = migrationCodes.map((name) => [code(name), failures[name].title, failures[name].advice]);
    expect(table('docs/failures.md', '## Endings of a migration')).toEqual(registry);
  });
});

describe('settings', () => {
  it('the README lists exactly the settings, with default and meaning', () => {
    const settings = settingsTable.map((one) => {
      const value = one.default === undefined ? 'none' : code(one.default);
      return [code(one.name), one.required ? 'required' : value, one.meaning];
    });
    expect(table('README.md', '## Settings')).toEqual(settings);
  });

  const example = z
    .object({ Values: z.record(z.string(), z.string()) })
    .parse(JSON.parse(text('local.settings.example.json')));

  it('the example can be read', () => {
    expect(() => readSettings(example.Values)).not.toThrow();
  });

  it("the example lists exactly the app's settings and the host's own", () => {
    const ofTheHost = ['FUNCTIONS_WORKER_RUNTIME', 'AzureWebJobsStorage', 'TASKHUB_NAME'];
    expect(Object.keys(example.Values).sort()).toEqual([...ofTheHost, ...settingsTable.map(({ name }) => name)].sort());
  });
});

describe('the API in the README', () => {
  it('has exactly the routes there are, and says which ask for a key', () => {
    const documented = table('README.md', '## HTTP API').map(([route, key]) => `${route ?? ''} ${key ?? ''}`);
    const registered = Object.values(routes).map(
      ({ method, route, authLevel }) =>
        `${code(`${method} /${ROUTE_PREFIX}/${route}`)} ${authLevel === 'function' ? 'yes' : 'no'}`,
    );
    expect(documented.sort()).toEqual(registered.sort());
  });

  it('has a request and an answer that the schemas accept', () => {
    const [request, answer] = [...section('README.md', '## HTTP API').matchAll(/```json\n(.*?)```/gs)].map(
      ([, json = '']): unknown => JSON.parse(json),
    );
    expect(migrationRequestSchema.safeParse(request).error).toBeUndefined();
    expect(migrationSchema.safeParse(answer).error).toBeUndefined();
  });
});

describe('what `npm run docs` makes', () => {
  it('ARCHITECTURE.md draws the phases as the table has them that runs are held to', () => {
    expect(section('ARCHITECTURE.md', '## Phases')).toContain(`\`\`\`mermaid\n${phaseDiagram()}\n\`\`\``);
    for (const phase of phaseSchema.options) expect(phaseDiagram()).toContain(`--> ${phase}`);
  });

  it('docs/access.md has a row for each kind, as the registry says', () => {
    expect(accessRows()).toHaveLength(kindSchema.options.length);
    expect(table('docs/access.md', '## The kinds')).toEqual(accessRows());
  });

  it('infra/graph-permissions.md lists exactly the permissions that the code asks for first', () => {
    expect(table('infra/graph-permissions.md', '## Application permissions of Microsoft Graph')).toEqual(
      permissionRows(),
    );
  });
});

describe('what documents point to is there', () => {
  it('finds the documents', () => {
    expect(documents).toEqual(expect.arrayContaining(['README.md', 'docs/runbook.md', 'infra/README.md']));
  });

  it.each(documents)('%s: relative links', (file) => {
    const links = [...text(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const relative = links.filter((target) => !/^([a-z]+:|#)/.test(target)).map((target) => target.split('#')[0] ?? '');
    const missing = relative.filter((target) => !existsSync(path.resolve(root, path.dirname(file), target)));
    expect(missing).toEqual([]);
  });

  it.each(documents)('%s: npm scripts', (file) => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(text('package.json')));
    const named = [...text(file).matchAll(/npm (?:run ([\w:-]+)|(test|start))/g)].map(([, a, b]) => a ?? b ?? '');
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it.each(['ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md'])('%s: files and folders of the project', (file) => {
    const folders = 'access|activities|adapters|docs|domain|functions|infra|local|orchestrators|tests';
    const named = [...text(file).matchAll(new RegExp(`\`((?:${folders})/[\\w./-]*)\``, 'g'))].map(
      ([, name = '']) => name,
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !isThere(name))).toEqual([]);
  });
});

/** A file, or a folder with something in it: git keeps no empty ones. */
function isThere(name: string): boolean {
  const place = path.join(root, name);
  return existsSync(place) && (statSync(place).isFile() || filesIn(name).length > 0);
}
