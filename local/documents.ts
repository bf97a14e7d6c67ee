import { accessKinds } from '../access';
import type { Permission } from '../access/kind';
import { nextPhases, phaseSchema } from '../domain/phases';
import { leastPermissions, needsOf, type Need } from '../activities/requiredPermissions';

/** Parts of the documents that follow from the code; `npm run docs` writes them, a test compares. */

const code = (words: string): string => `\`${words}\``;
const cell = (words: readonly string[]): string => [...new Set(words)].join('<br>');

/** Rows of docs/access.md: kind, captured by, restored by, permissions to read, to restore, limits. */
export function accessRows(): string[][] {
  return Object.values(accessKinds).map((kind) => [
    `${code(kind.kind)}<br>${kind.title}`,
    cell(kind.calls.capture.map(code)) || 'nothing to read',
    cell(kind.calls.restore.map(code)) || 'by hand',
    cell(kind.capturePermissions.map(firstOf)) || 'none of Graph',
    cell(kind.restorePermissions.map((one) => firstOf(one) + (one.when === undefined ? '' : ' (some)'))) ||
      'none of Graph',
    kind.limits,
  ]);
}

function firstOf({ anyOf }: Permission): string {
  return code(anyOf[0] ?? '');
}

const everything = {
  skipAccess: [],
  rewriteConditionalAccess: true,
  domainPolicyCheck: 'beta',
  invitationMail: 'mailbox',
} as const;

/** Rows of infra/graph-permissions.md: permission, needed for, to, covered by. Every first choice of a need has one. */
export function permissionRows(): string[][] {
  const needs = needsOf(everything);
  const names = [...new Set(needs.map(({ anyOf }) => anyOf[0] ?? ''))].sort();
  const least = new Set(leastPermissions(needs).map(({ name }) => name));
  return names.map((name) => {
    const uses = needs.filter(({ anyOf }) => anyOf[0] === name);
    return [
      code(name) + (least.has(name) ? '' : ' (covered)'),
      cell(uses.map(({ subject }) => subject)),
      cell(uses.map(({ why }) => why)),
      coveredBy(uses).map(code).join(', '),
    ];
  });
}

/** What every use of a permission accepts in its place. */
function coveredBy(uses: readonly Need[]): string[] {
  const [first, ...others] = uses.map(({ anyOf }) => anyOf.slice(1));
  return (first ?? []).filter((name) => others.every((anyOf) => anyOf.includes(name)));
}

/** The state diagram of ARCHITECTURE.md, in mermaid: every step of the table of phases, with its reason. */
export function phaseDiagram(): string {
  const steps = phaseSchema.options.flatMap((from) =>
    Object.entries(nextPhases[from]).map(([to, reason]) => `  ${from} --> ${to}: ${reason.replaceAll(';', ',')}`),
  );
  return ['stateDiagram-v2', '  [*] --> preflight', ...steps, '  ended --> [*]'].join('\n');
}

/** The document with the mermaid diagram below the heading replaced. Throws without such a diagram. */
export function withDiagram(document: string, heading: string, diagram: string): string {
  const lines = document.split('\n');
  const start = lines.indexOf(heading);
  const from = lines.findIndex((line, place) => place > start && line === '```mermaid');
  const to = lines.findIndex((line, place) => place > from && line === '```');
  if (start < 0 || from < 0 || to < 0) throw new Error(`There is no diagram below "${heading}".`);
  return [...lines.slice(0, from + 1), diagram, ...lines.slice(to)].join('\n');
}

/** The document with the table below the heading replaced by these rows; its head stays. Throws without such a table. */
export function withTable(document: string, heading: string, rows: readonly (readonly string[])[]): string {
  const lines = document.split('\n');
  const start = lines.indexOf(heading);
  const head = lines.findIndex((line, place) => place > start && line.startsWith('|'));
  if (start < 0 || head < 0) throw new Error(`There is no table below "${heading}".`);
  const length = lines.slice(head).findIndex((line) => !line.startsWith('|'));
  const body = rows.map((row) => `| ${row.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`);
  return [...lines.slice(0, head + 2), ...body, ...lines.slice(length < 0 ? lines.length : head + length)].join('\n');
}
