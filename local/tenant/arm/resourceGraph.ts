import { ok, type Reply } from '../http/message';
import { isRecord, texts, type View } from '../store/snapshot';
import type { ArmCall, ArmRoute } from './api';
import { ArmError } from './errors';
import { runQuery, type Row } from './kusto';
import { invalidQuery, parseQuery } from './kustoSyntax';
import { isAllowed, sees } from './rbac';
import { authorizationRows, resourceRows, type ScopedRow } from './resourceGraphTables';
import { ancestors, isInside, sameScope } from './scopes';

const maxRows = 1000;

const filters = ['AtScopeAndBelow', 'AtScopeAndAbove', 'AtScopeExact', 'AtScopeAboveAndBelow'] as const;
type ScopeFilter = (typeof filters)[number];

interface Options {
  readonly top: number;
  readonly skip: number;
  readonly format: 'objectArray' | 'table';
  readonly scopeFilter: ScopeFilter;
}

const tables: Readonly<Record<string, (view: View, now: number) => ScopedRow[]>> = {
  authorizationresources: authorizationRows,
  resources: resourceRows,
};

/**
 * One query to the index, which lags behind by `resourceGraphLagMs`. It answers what the caller may read and says
 * nothing of the rest. Without subscriptions and management groups the query is about all subscriptions that the
 * caller sees; `authorizationScopeFilter` decides whether assignments above them are among the rows.
 */
function query(call: ArmCall): Reply {
  const body = isRecord(call.body) ? call.body : {};
  const source = body['query'];
  if (typeof source !== 'string' || source.trim() === '') throw invalidQuery('ParserFailure', 'The query is empty.');
  const parsed = parseQuery(source);
  const rowsOf = tables[parsed.table];
  if (rowsOf === undefined) {
    throw invalidQuery('DisallowedLogicalTableName', `Table ${parsed.table} is invalid, unsupported or disallowed.`);
  }
  const { store, settings, clock } = call.tenant;
  const options = readOptions(body['options'], source);
  const scopes = queryScopes(call, body);
  const index = store.replica(settings.get().resourceGraphLagMs);
  const isHere =
    parsed.table === 'authorizationresources' ? inFilter(index, scopes, options.scopeFilter) : below(scopes);
  const now = clock.now() - settings.get().resourceGraphLagMs;
  const mayRead = ({ scope, action, everywhere }: ScopedRow): boolean =>
    (everywhere === true ? scopes : [scope]).some((one) =>
      isAllowed(store.primary(), call.caller.objectId, action, one),
    );
  const readable = rowsOf(index, now).filter((row) => isHere(row.scope) && mayRead(row));
  const rows = runQuery(
    parsed,
    readable.map(({ row }) => row),
  );
  return ok(page(rows, options, source));
}

/** What the query is about: the named management groups or subscriptions, or every visible subscription. */
function queryScopes(call: ArmCall, body: Row): string[] {
  const view = call.tenant.store.primary();
  const list = (name: string): readonly string[] => texts({ ...body, id: '' }, name);
  const groups = list('managementGroups').map((name) => `/providers/Microsoft.Management/managementGroups/${name}`);
  const subscriptions = list('subscriptions').map((id) => `/subscriptions/${id}`);
  if (groups.length > 0 && subscriptions.length > 0) {
    throw invalidQuery('InvalidScopes', 'Subscriptions and management groups cannot be used in one query.');
  }
  const all = view.list('azureSubscriptions').map(({ id }) => id);
  const wanted = groups.length + subscriptions.length === 0 ? all : [...groups, ...subscriptions];
  // What the caller may not see is left out without a word, unless nothing is left.
  const visible = wanted.filter((scope) => sees(view, call.caller.objectId, scope));
  if (visible.length > 0) return visible;
  throw invalidQuery(
    'NoValidSubscriptionsInQueryRequest',
    'There must be at least one subscription that is eligible to contain resources.',
  );
}

const below =
  (scopes: readonly string[]) =>
  (scope: string): boolean =>
    scopes.some((one) => sameScope(one, scope) || isInside(scope, one));

function inFilter(view: View, scopes: readonly string[], filter: ScopeFilter): (scope: string) => boolean {
  const above = scopes.flatMap((scope) => ancestors(view, scope));
  const isAbove = (scope: string): boolean => above.some((one) => sameScope(one, scope));
  const isAt = (scope: string): boolean => scopes.some((one) => sameScope(one, scope));
  // Below a management group lie its subscriptions, whatever their paths say.
  const isBelow = (scope: string): boolean =>
    below(scopes)(scope) || ancestors(view, scope).some((one) => scopes.some((at) => sameScope(at, one)));
  switch (filter) {
    case 'AtScopeExact':
      return isAt;
    case 'AtScopeAndAbove':
      return (scope) => isAt(scope) || isAbove(scope);
    case 'AtScopeAndBelow':
      return isBelow;
    case 'AtScopeAboveAndBelow':
      return (scope) => isBelow(scope) || isAbove(scope);
  }
}

function readOptions(given: unknown, source: string): Options {
  const options = isRecord(given) ? given : {};
  const token = options['$skipToken'];
  const resumed = token === undefined ? undefined : readToken(token, source);
  const top = options['$top'] ?? resumed?.top ?? maxRows;
  const skip = options['$skip'] ?? resumed?.skip ?? 0;
  const format = options['resultFormat'] ?? 'objectArray';
  const scopeFilter = filters.find((one) => one === (options['authorizationScopeFilter'] ?? 'AtScopeAndBelow'));
  const rightTop = typeof top === 'number' && Number.isInteger(top) && top >= 1 && top <= maxRows;
  const rightSkip = typeof skip === 'number' && Number.isInteger(skip) && skip >= 0;
  if (!rightTop || !rightSkip || scopeFilter === undefined || (format !== 'objectArray' && format !== 'table')) {
    throw new ArmError(400, 'BadRequest', 'The query options are invalid.');
  }
  return { top, skip, format, scopeFilter };
}

function readToken(token: unknown, source: string): { readonly skip: number; readonly top: number } {
  try {
    const read: unknown = JSON.parse(Buffer.from(String(token), 'base64').toString());
    if (isRecord(read) && read['query'] === source) return { skip: Number(read['skip']), top: Number(read['top']) };
  } catch {
    // A token that is no JSON is as wrong as one of another query.
  }
  throw invalidQuery('InvalidSkipToken', 'The skip token does not belong to this query.');
}

/** A page of rows. It can be followed only by queries that project `id`: otherwise the rest is cut off. */
function page(all: readonly Row[], { top, skip, format }: Options, source: string): Row {
  const rows = all.slice(skip, skip + top);
  const more = skip + top < all.length;
  const pageable = rows.every((row) => typeof row['id'] === 'string');
  const token = Buffer.from(JSON.stringify({ skip: skip + top, top, query: source })).toString('base64');
  return {
    totalRecords: all.length,
    count: rows.length,
    data: format === 'table' ? tableOf(rows) : rows,
    facets: [],
    resultTruncated: more && !pageable ? 'true' : 'false',
    ...(more && pageable ? { $skipToken: token } : {}),
  };
}

function tableOf(rows: readonly Row[]): Row {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const typeOf = (value: unknown): string => (typeof value === 'object' ? 'object' : typeof value);
  return {
    columns: names.map((name) => ({ name, type: typeOf(rows[0]?.[name]) })),
    rows: rows.map((row) => names.map((name) => row[name] ?? null)),
  };
}

/** Azure Resource Graph. Source: `resourcegraph.json` 2022-10-01 of Azure's published specifications. */
export const resourceGraphRoutes: readonly ArmRoute[] = [
  {
    method: 'POST',
    pattern: /^\/providers\/Microsoft\.ResourceGraph\/resources\/?$/i,
    versions: ['2021-03-01', '2022-10-01', '2024-04-01'],
    handle: query,
  },
];
