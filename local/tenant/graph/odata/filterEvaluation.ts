import { isRecord } from '../../store/snapshot';
import type { Comparison, Filter, Literal } from './filterSyntax';

/** True when the object meets the filter. Texts are compared without regard to case, as the directory does. */
export function meets(filter: Filter, object: unknown): boolean {
  return evaluate(filter, object, undefined);
}

interface Variable {
  readonly name: string;
  readonly value: unknown;
}

function evaluate(filter: Filter, object: unknown, variable: Variable | undefined): boolean {
  switch (filter.kind) {
    case 'and':
      return evaluate(filter.left, object, variable) && evaluate(filter.right, object, variable);
    case 'or':
      return evaluate(filter.left, object, variable) || evaluate(filter.right, object, variable);
    case 'not':
      return !evaluate(filter.operand, object, variable);
    case 'compare':
      return compare(filter.op, valueAt(filter.path, object, variable), filter.values);
    case 'any': {
      const items = valueAt(filter.path, object, variable);
      if (!Array.isArray(items)) return false;
      const { operand } = filter;
      if (operand === undefined) return items.length > 0;
      return items.some((value: unknown) => evaluate(operand, object, { name: filter.variable, value }));
    }
  }
}

function valueAt(path: string, object: unknown, variable: Variable | undefined): unknown {
  const steps = path.split('/');
  let value: unknown = object;
  if (variable !== undefined && steps[0] === variable.name) {
    value = variable.value;
    steps.shift();
  }
  for (const step of steps) value = isRecord(value) ? value[step] : undefined;
  return value;
}

function compare(op: Comparison, actual: unknown, values: readonly Literal[]): boolean {
  const [wanted = null] = values;
  switch (op) {
    case 'eq':
      return equal(actual, wanted);
    case 'ne':
      return !equal(actual, wanted);
    case 'in':
      return values.some((value) => equal(actual, value));
    case 'startswith':
      return textPair(actual, wanted, (a, b) => a.startsWith(b));
    case 'endswith':
      return textPair(actual, wanted, (a, b) => a.endsWith(b));
    case 'ge':
      return ordered(actual, wanted, (difference) => difference >= 0);
    case 'le':
      return ordered(actual, wanted, (difference) => difference <= 0);
    case 'gt':
      return ordered(actual, wanted, (difference) => difference > 0);
    case 'lt':
      return ordered(actual, wanted, (difference) => difference < 0);
  }
}

function equal(actual: unknown, wanted: Literal): boolean {
  if (wanted === null) return actual === null || actual === undefined;
  if (typeof actual === 'string') return actual.toLowerCase() === String(wanted).toLowerCase();
  return actual === wanted;
}

function textPair(actual: unknown, wanted: Literal, test: (a: string, b: string) => boolean): boolean {
  return typeof actual === 'string' && typeof wanted === 'string' && test(actual.toLowerCase(), wanted.toLowerCase());
}

function ordered(actual: unknown, wanted: Literal, test: (difference: number) => boolean): boolean {
  const measure = (value: unknown): number =>
    typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : NaN;
  return test(measure(actual) - measure(wanted));
}
