import type { Reply } from '../http/message';
import type { View } from '../store/snapshot';
import type { Caller, Tenant } from '../tenant';
import { denied } from './errors';

/** One request to one Graph operation, permission already checked. */
export interface Call {
  readonly tenant: Tenant;
  readonly caller: Caller;
  readonly method: string;
  /** Path below the version, decoded, without query; as sent. */
  readonly path: string;
  /** `/v1.0` or `/beta`. */
  readonly version: string;
  /** Values of the template's placeholders by name, decoded; GUIDs in lower case. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** The lagging state that reads of this request see. */
  readonly replica: View;
}

/** One Graph operation. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Template as in Microsoft's OpenAPI document, below the version, e.g. `/users/{user-id}`. */
  readonly path: string;
  readonly version?: '/beta';
  /**
   * Permissions where the table in permissions.json has no row: one of each inner list is needed.
   * A row in the table wins.
   */
  readonly allOf?: readonly (readonly string[])[];
  readonly handle: (call: Call) => Reply | Promise<Reply>;
}

/** Value of a placeholder. Throws when the template has none of this name: a mistake in the route table. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`The route has no placeholder ${name}.`);
  return value;
}

/** Refuses with 403 unless the token has one of the permissions. */
export function requirePermission(call: Call, ...anyOf: readonly string[]): void {
  if (!anyOf.some((permission) => call.caller.roles.has(permission))) throw denied();
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** True for the text form of a GUID. */
export const isGuid = (value: string): boolean => guid.test(value);

/** The id in the form the store uses: GUIDs in lower case, everything else as it is. */
export const normalId = (value: string): string => (isGuid(value) ? value.toLowerCase() : value);

/** `users('x')` means `users/x`. */
const keyInParentheses = /^([A-Za-z]+)\('([^']*)'\)$/;

/** `f(a='x')` calls a function: `f(a=` stands for its name, `x` for its argument. */
const argumentInParentheses = /^([A-Za-z]+\([A-Za-z]+=)'([^']*)'\)$/;

function segmentsOf(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .flatMap((segment) => {
      const keyed = keyInParentheses.exec(segment) ?? argumentInParentheses.exec(segment);
      return keyed === null ? [segment] : [keyed[1] ?? '', keyed[2] ?? ''];
    });
}

/** The placeholders' values when `path` (decoded, below the version) fits the template, else undefined. */
export function match(template: string, path: string): Record<string, string> | undefined {
  return matchSegments(template, segmentsOf(path));
}

const templateSegments = new Map<string, readonly string[]>();

function matchSegments(template: string, given: readonly string[]): Record<string, string> | undefined {
  const wanted = templateSegments.get(template) ?? segmentsOf(template);
  templateSegments.set(template, wanted);
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, expected] of wanted.entries()) {
    const actual = given[index] ?? '';
    if (expected.startsWith('{')) {
      if (actual === '' || actual.startsWith('$') || actual.startsWith('microsoft.graph.')) return undefined;
      params[expected.slice(1, -1)] = normalId(actual);
    } else if (expected.toLowerCase() !== actual.toLowerCase()) {
      return undefined;
    }
  }
  return params;
}

/** Routes with literal segments come before placeholders at the same place. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  version: string,
  path: string,
): { readonly route: Route; readonly params: Record<string, string> } | 'wrongMethod' | undefined {
  const given = segmentsOf(path);
  const fitting = routes.flatMap((route) => {
    const params = (route.version ?? '/v1.0') === version ? matchSegments(route.path, given) : undefined;
    return params === undefined ? [] : [{ route, params }];
  });
  if (fitting.length === 0) return undefined;
  const [best] = fitting
    .filter(({ route }) => route.method === method)
    .sort((a, b) => Object.keys(a.params).length - Object.keys(b.params).length);
  return best ?? 'wrongMethod';
}
