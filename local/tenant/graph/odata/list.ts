import { ok, type Reply } from '../../http/message';
import { text, type Entity } from '../../store/snapshot';
import { GraphError, badRequest, unsupportedQuery } from '../errors';
import type { Call } from '../route';
import { needsAdvancedIndex } from './advanced';
import { meets } from './filterEvaluation';
import { checkFilter } from './filterRules';
import { parseFilter } from './filterSyntax';
import { expansionsOf, type Expandable } from './expand';
import { expanded, projected, selection, type TypedEntity } from './projection';
import type { ObjectType } from './types';

/** How one collection is answered. */
export interface ListOptions {
  /** Name after `$metadata#` in the context. */
  readonly context: string;
  readonly defaultPage?: number;
  readonly largestPage?: number;
  /** Navigation properties that may be expanded, and how their value is found. */
  readonly expand?: Expandable;
  /** Answer `@odata.type` in every object, as Graph does where types are mixed. */
  readonly mixed?: boolean;
  /** Options that this collection does not support at all. */
  readonly without?: readonly ('$top' | '$skip' | '$filter' | '$count')[];
}

const knownOptions = [
  '$select',
  '$filter',
  '$top',
  '$skip',
  '$count',
  '$orderby',
  '$expand',
  '$search',
  '$skiptoken',
  '$format',
];

/** Answers a collection with `$filter`, `$select`, `$expand`, `$orderby`, `$count`, `$top` and paging. */
export function listReply(
  call: Call,
  type: ObjectType,
  objects: readonly TypedEntity[],
  { context, defaultPage = 100, largestPage = 999, expand = {}, mixed = false, without = [] }: ListOptions,
): Reply {
  const { query } = call;
  for (const option of query.keys()) checkOption(option, without);
  const advanced = needsAdvancedIndex(query, call.headers);
  const matching = ordered(call, type, filtered(call, type, objects, advanced), advanced);
  const expansions = expansionsOf(query.get('$expand'), expand);
  const size = pageSize(query.get('$top'), defaultPage, largestPage);
  const start = startOf(query.get('$skiptoken'), matching);
  const page = matching.slice(start, start + size);
  const last = page.at(-1);
  const more = last !== undefined && start + size < matching.length;
  const chosen = selection(query, mixed ? undefined : type);
  return ok({
    '@odata.context': `${call.tenant.origin()}${call.version}/$metadata#${context}${chosen === undefined ? '' : `(${chosen.join(',')})`}`,
    ...(advanced ? { '@odata.count': matching.length } : {}),
    ...(more ? { '@odata.nextLink': nextLink(call, last.entity.id, start + size) } : {}),
    value: page.map((object) => ({
      ...(mixed ? { '@odata.type': object.type.odataType } : {}),
      ...projected(object, chosen),
      ...expanded(expansions, object.entity),
    })),
  });
}

/** The same for objects of one type. */
export function listOf(call: Call, type: ObjectType, entities: readonly Entity[], options: ListOptions): Reply {
  return listReply(
    call,
    type,
    entities.map((entity) => ({ type, entity })),
    options,
  );
}

function checkOption(option: string, without: ListOptions['without'] = []): void {
  const name = option.toLowerCase();
  if (name.startsWith('$') && !knownOptions.includes(name)) {
    throw new GraphError(400, 'BadRequest', `The query parameter '${option}' is not supported.`);
  }
  if (name === '$search' || name === '$skip' || (without as readonly string[]).includes(name)) {
    throw unsupportedQuery(`'${option}' is not supported by the service.`);
  }
}

function filtered(
  call: Call,
  type: ObjectType,
  objects: readonly TypedEntity[],
  advanced: boolean,
): readonly TypedEntity[] {
  const source = call.query.get('$filter');
  if (source === null) return objects;
  const filter = parseFilter(source);
  checkFilter(filter, type, advanced);
  return objects.filter(({ entity }) => meets(filter, entity));
}

function ordered(
  call: Call,
  type: ObjectType,
  objects: readonly TypedEntity[],
  advanced: boolean,
): readonly TypedEntity[] {
  const source = call.query.get('$orderby');
  if (source === null) return objects;
  const [property = '', direction = 'asc'] = source.trim().split(/\s+/);
  const simple = property === 'displayName' || property === 'userPrincipalName';
  const supported = type.properties.includes(property) && (advanced || (simple && !call.query.has('$filter')));
  if (!supported) {
    throw unsupportedQuery(
      'Sorting is not supported for this query. Try adding $count=true query parameter and ConsistencyLevel:eventual header.',
    );
  }
  const sign = direction.toLowerCase() === 'desc' ? -1 : 1;
  const key = ({ entity }: TypedEntity): string => text(entity, property) ?? '';
  return objects.toSorted((a, b) => sign * key(a).localeCompare(key(b)));
}

function pageSize(top: string | null, standard: number, largest: number): number {
  if (top === null) return standard;
  const size = Number(top);
  if (!Number.isInteger(size) || size < 1 || size > largest) {
    throw badRequest(`Invalid page size specified: '${top}'. Must be between 1 and ${largest} inclusive.`);
  }
  return size;
}

/** A page starts after the object that ended the one before; if that is gone, at the same place in the list. */
function startOf(token: string | null, objects: readonly TypedEntity[]): number {
  if (token === null) return 0;
  const [place, ...rest] = Buffer.from(token, 'base64url').toString().split('|');
  const offset = Number(place);
  if (place === undefined || place === '' || !Number.isInteger(offset)) {
    throw new GraphError(
      400,
      'Directory_ExpiredPageToken',
      'The specified page token value has expired or is invalid.',
    );
  }
  const id = rest.join('|');
  const index = objects.findIndex(({ entity }) => entity.id === id);
  return index === -1 ? offset : index + 1;
}

function nextLink(call: Call, lastId: string, offset: number): string {
  const query = new URLSearchParams(call.query);
  query.set('$skiptoken', Buffer.from(`${offset}|${lastId}`).toString('base64url'));
  return `${call.tenant.origin()}${call.version}${encodeURI(call.path).replaceAll('#', '%23')}?${query.toString().replaceAll('%24', '$')}`;
}
