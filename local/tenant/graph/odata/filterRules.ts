import { GraphError, unsupportedQuery } from '../errors';
import type { Comparison, Filter } from './filterSyntax';
import type { ObjectType } from './types';

/** Issuers by which alone identities can be filtered; Graph refuses all others, ExternalAzureAD among them. */
const filterableIssuers = ['google.com', 'facebook.com', 'mail', 'phone'];

/** Operators that need the advanced query index wherever they are allowed. */
const advancedOperators: readonly Comparison[] = ['ne', 'endswith'];

/** Refuses, in Graph's words, a filter that Graph does not support on this type of object. */
export function checkFilter(filter: Filter, type: ObjectType, advanced: boolean): void {
  switch (filter.kind) {
    case 'and':
    case 'or':
      checkFilter(filter.left, type, advanced);
      checkFilter(filter.right, type, advanced);
      return;
    case 'not':
      if (!advanced) throw advancedNeeded('Not');
      checkFilter(filter.operand, type, advanced);
      return;
    case 'any':
      checkAny(filter, type, advanced);
      return;
    case 'compare':
      checkComparison(filter.path, filter.op, type, advanced);
      return;
  }
}

function checkComparison(path: string, op: Comparison, type: ObjectType, advanced: boolean): void {
  const [property = ''] = path.split('/');
  if (!type.properties.includes(property) && !path.includes('/')) {
    throw new GraphError(
      400,
      'BadRequest',
      `Invalid filter clause: Could not find a property named '${property}' on type '${type.odataType.slice(1)}'.`,
    );
  }
  const allowed = type.filters[path];
  if (allowed?.includes(op) !== true || type.collections.includes(property)) throw unsupported(property, type);
  if (advancedOperators.includes(op) && !advanced) throw advancedNeeded(op);
}

function checkAny(filter: Extract<Filter, { kind: 'any' }>, type: ObjectType, advanced: boolean): void {
  if (filter.path === 'identities') {
    checkIdentities(filter, type);
    return;
  }
  const allowed = type.filters[filter.path];
  const { operand } = filter;
  const simple = operand?.kind === 'compare' && operand.path === filter.variable && allowed?.includes(operand.op);
  if (!type.collections.includes(filter.path) || simple !== true) throw unsupported(filter.path, type);
  if (advancedOperators.includes(operand.op) && !advanced) throw advancedNeeded(operand.op);
}

function checkIdentities(filter: Extract<Filter, { kind: 'any' }>, type: ObjectType): void {
  const equals = new Map<string, string>();
  const collect = (part: Filter | undefined): boolean => {
    if (part?.kind === 'and') return collect(part.left) && collect(part.right);
    if (part?.kind !== 'compare' || part.op !== 'eq' || !part.path.startsWith(`${filter.variable}/`)) return false;
    const [value] = part.values;
    equals.set(part.path.slice(filter.variable.length + 1), String(value));
    return true;
  };
  const understood = collect(filter.operand);
  const complete = equals.has('issuer') && equals.has('issuerAssignedId');
  const issuerAlone = equals.size === 1 && filterableIssuers.includes(equals.get('issuer') ?? '');
  if (!understood || !(complete || issuerAlone)) throw unsupported('identities', type);
}

const unsupported = (property: string, type: ObjectType): GraphError =>
  unsupportedQuery(
    `Unsupported or invalid query filter clause specified for property '${property}' of resource '${type.resource}'.`,
  );

const advancedNeeded = (what: string): GraphError =>
  unsupportedQuery(
    `Operator '${what}' is not supported because the required parameters might be missing. ` +
      'Try adding $count=true query parameter and ConsistencyLevel:eventual header.',
  );
