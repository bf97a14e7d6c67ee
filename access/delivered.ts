import { identityOfGrant } from '../domain/comparison';
import type { Grant } from '../domain/grants';
import { deliveriesOf } from './accessPackage';
import { attemptOfError, oneByOne, type Attempt } from './kind';

/**
 * Marks the groups and app roles that an access package gives, with `data.deliveredBy` = its name: they come back with
 * the package, and end with it. A package that is left to people gives nothing, so nothing is marked for it; neither
 * is a grant that has an instruction of its own. Pure.
 */
export function markDelivered(grants: readonly Grant[]): Grant[] {
  const packageOf = new Map<string, string>();
  for (const grant of grants) {
    if (grant.kind !== 'accessPackage' || grant.instruction !== undefined) continue;
    for (const delivered of deliveriesOf(grant)) packageOf.set(identityOfGrant(delivered), grant.name);
  }
  return grants.map((grant) => {
    const deliveredBy = packageOf.get(identityOfGrant(grant));
    if (deliveredBy === undefined || grant.instruction !== undefined) return grant;
    return { ...grant, data: { ...grant.data, deliveredBy } };
  });
}

/** True for a grant that the app writes itself: no access package brings it. */
export function isDirect(grant: Grant): boolean {
  return grant.data['deliveredBy'] === undefined;
}

/**
 * Restores grants one by one, but never writes one that an access package brings: it is looked for among what the new
 * guest holds now, and is given time.
 *
 * @param held keys of the grants of this kind that the new guest holds; asked once, and only when it matters
 */
export async function restoreUnlessDelivered(
  grants: readonly Grant[],
  held: () => Promise<readonly string[]>,
  restore: (grant: Grant) => Promise<Attempt>,
): Promise<Attempt[]> {
  const found = grants.every(isDirect) ? undefined : await held().then(lowerCase, attemptOfError);
  return oneByOne(grants, (grant) => {
    if (isDirect(grant)) return restore(grant);
    if (!(found instanceof Set)) return Promise.resolve(found ?? absent(grant));
    return Promise.resolve(found.has(grant.key.toLowerCase()) ? present(grant) : absent(grant));
  });
}

function lowerCase(keys: readonly string[]): Set<string> {
  return new Set(keys.map((key) => key.toLowerCase()));
}

function present(grant: Grant): Attempt {
  return { result: 'restored', detail: `Through the access package ${nameOfPackage(grant)}.` };
}

function absent(grant: Grant): Attempt {
  const detail = `It comes with the access package ${nameOfPackage(grant)}, which has not brought it`;
  return { result: 'retry', detail, afterSeconds: 0 };
}

function nameOfPackage(grant: Grant): string {
  return JSON.stringify(grant.data['deliveredBy']);
}
