import { isRecord } from '../store/snapshot';
import type { Condition, Expression, Operator, Query, Step } from './kustoSyntax';

/** A row of a table or of a result: columns by name. */
export type Row = Readonly<Record<string, unknown>>;

/** Runs the steps of a query over the rows of its table. Columns that a row lacks are empty, as in Kusto. */
export function runQuery({ steps }: Query, rows: readonly Row[]): Row[] {
  return steps.reduce<Row[]>((before, step) => runStep(step, before), [...rows]);
}

function runStep(step: Step, rows: Row[]): Row[] {
  switch (step.kind) {
    case 'where':
      return rows.filter((row) => holds(step.condition, row));
    case 'extend':
      return rows.map((row) => ({ ...row, ...computed(step.columns, row) }));
    case 'project':
      return rows.map((row) => computed(step.columns, row));
    case 'order': {
      const sign = step.descending ? -1 : 1;
      return rows.toSorted((a, b) => sign * textOf(valueOf(step.by, a)).localeCompare(textOf(valueOf(step.by, b))));
    }
    case 'take':
      return rows.slice(0, step.rows);
  }
}

const computed = (columns: readonly { name: string; expression: Expression }[], row: Row): Row =>
  Object.fromEntries(columns.map(({ name, expression }) => [name, valueOf(expression, row)]));

function holds(condition: Condition, row: Row): boolean {
  switch (condition.kind) {
    case 'all':
      return condition.parts.every((part) => holds(part, row));
    case 'any':
      return condition.parts.some((part) => holds(part, row));
    case 'compare': {
      const right = condition.right.map((one) => textOf(valueOf(one, row)));
      return compares(condition.operator, textOf(valueOf(condition.left, row)), right);
    }
  }
}

function compares(operator: Operator, left: string, right: readonly string[]): boolean {
  const [first = ''] = right;
  const [small, smallFirst] = [left.toLowerCase(), first.toLowerCase()];
  switch (operator) {
    case '==':
      return left === first;
    case '!=':
      return left !== first;
    case '=~':
      return small === smallFirst;
    case '!~':
      return small !== smallFirst;
    case 'in':
      return right.includes(left);
    case 'in~':
      return right.some((one) => one.toLowerCase() === small);
    case 'contains':
      return small.includes(smallFirst);
    case 'startswith':
      return small.startsWith(smallFirst);
  }
}

function valueOf(expression: Expression, row: Row): unknown {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'column':
      return expression.path.reduce<unknown>((value, name) => (isRecord(value) ? (value[name] ?? null) : null), row);
    case 'call': {
      const text = textOf(valueOf(expression.argument, row));
      if (expression.name === 'tolower') return text.toLowerCase();
      return expression.name === 'toupper' ? text.toUpperCase() : text;
    }
  }
}

/** What `tostring()` makes of a value: nothing is an empty text, objects and lists are JSON. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object') return JSON.stringify(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
