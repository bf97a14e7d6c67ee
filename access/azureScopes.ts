import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Azure } from '../domain/ports';
import { isNotFound, ServiceError } from '../domain/serviceError';

/** What the kinds of access in Azure share: scopes, how they are listed, and names derived from them. */
export const AUTHORIZATION = '/providers/Microsoft.Authorization';

/** How many of the visible scopes are listed where Resource Graph has searched all of them. */
export const LISTED_SCOPES = 50;

const scopeShape = z.object({ id: z.string() });

/** Scopes to ask: every subscription and management group that the app can see. */
export async function visibleScopes(azure: Azure): Promise<string[]> {
  const [subscriptions, managementGroups] = await Promise.all([
    azure.readAll('/subscriptions?api-version=2022-12-01', scopeShape),
    azure
      .readAll('/providers/Microsoft.Management/managementGroups?api-version=2020-05-01', scopeShape)
      .catch((error: unknown) => {
        // An app without any role at management groups may not list them; preflight shows what it sees.
        if (isForbidden(error)) return [];
        throw error;
      }),
  ]);
  return [...managementGroups, ...subscriptions].map((scope) => scope.id);
}

/** The root scope is "/": as a prefix of an address it is nothing. */
export function prefix(scope: string): string {
  return scope === '/' ? '' : scope;
}

/** The end of a resource id. A role has one id but a different path at each scope: only the end identifies it. */
export function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Equality of scopes, ids and GUIDs: Azure spells them with and without capitals. */
export function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** True for "the app may not do this", as opposed to a fault or to "not there". */
export function isForbidden(error: unknown): error is ServiceError {
  return error instanceof ServiceError && error.status === 403;
}

/**
 * A GUID derived from texts, case aside: the name of something that is made for them. Whoever makes it a second time
 * meets their own. Version 5 in form.
 */
export function derivedGuid(texts: readonly string[]): string {
  const hash = createHash('sha256').update(texts.join('\n').toLowerCase()).digest('hex');
  const variant = ((parseInt(hash.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `5${hash.slice(13, 16)}`,
    `${variant}${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}

/** A scope to list at, and the scopes in it that are known to matter. */
export interface Place {
  scope: string;
  within: string[];
}

/**
 * Where to list in order to find what is at these scopes: at the subscription for all that is in it, at management
 * groups themselves. What is at the root scope shows at every other place, so the root is a place only when alone.
 */
export function placesFor(scopes: readonly string[]): Place[] {
  const places = new Map<string, Place>();
  for (const scope of scopes) {
    const cover = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? scope;
    const place = places.get(cover.toLowerCase()) ?? { scope: cover, within: [] };
    if (!same(cover, scope) && !place.within.includes(scope)) place.within.push(scope);
    places.set(cover.toLowerCase(), place);
  }
  if (places.size > 1) places.delete('/');
  return [...places.values()];
}

/** The places of both lists, each once. */
export function joinPlaces(first: readonly Place[], more: readonly Place[]): Place[] {
  const known = new Set(first.map(({ scope }) => scope.toLowerCase()));
  return [...first, ...more.filter(({ scope }) => !known.has(scope.toLowerCase()))];
}

/**
 * Lists at several places. Where the app may not list at a subscription, it lists at the known scopes in it; a place
 * that cannot be read at all is left out, which preflight shows. A scope that does not exist (any more) holds nothing.
 *
 * @param onRefusal told of every scope at which the app may not list
 * @throws the refusal when nothing at all could be read
 */
export async function listAt<T>(
  places: readonly Place[],
  list: (scope: string) => Promise<T[]>,
  onRefusal: (scope: string) => void = () => undefined,
): Promise<T[]> {
  const refusals: ServiceError[] = [];
  const attempt = async (scope: string): Promise<T[] | undefined> => {
    try {
      return await list(scope);
    } catch (error) {
      if (isNotFound(error)) return [];
      if (!isForbidden(error)) throw error;
      refusals.push(error);
      onRefusal(scope);
      return undefined;
    }
  };
  const lists = await Promise.all(
    places.map(async ({ scope, within }) => {
      const found = await attempt(scope);
      return found === undefined ? Promise.all(within.map(attempt)) : [found];
    }),
  );
  const read = lists.flat().filter((found) => found !== undefined);
  const [refusal] = refusals;
  if (read.length === 0 && refusal !== undefined) throw refusal;
  return read.flat();
}
