import { z } from 'zod';
import { isAdvisory, kindSchema, type Grant } from './grants';

const namedGrantSchema = z.strictObject({ kind: kindSchema, key: z.string(), name: z.string() });
export type NamedGrant = z.infer<typeof namedGrantSchema>;

/** What the new guest has against what the old one had. `equal` is a count; the others name the grants. */
export const comparisonSchema = z.strictObject({
  equal: z.int().min(0),
  missing: z.array(namedGrantSchema),
  extra: z.array(namedGrantSchema),
});
export type Comparison = z.infer<typeof comparisonSchema>;

/** Identity of a grant across guests: kind and key, the key without case because services differ in it. */
export function identityOfGrant(grant: Pick<Grant, 'kind' | 'key'>): string {
  return `${grant.kind}|${grant.key.toLowerCase()}`;
}

/**
 * Compares by kind and key, and by value where a grant carries one (`data.value`: attributes, expiry of a schedule).
 * Advisories are left out: they are the same for everybody.
 */
export function compareAccess(before: readonly Grant[], after: readonly Grant[]): Comparison {
  const had = before.filter((grant) => !isAdvisory(grant));
  const now = new Map(after.map((grant) => [identityOfGrant(grant), grant]));
  const then = new Set(had.map(identityOfGrant));
  const missing = had.filter((grant) => {
    const found = now.get(identityOfGrant(grant));
    return found === undefined || !isSameJson(found.data['value'], grant.data['value']);
  });
  return {
    equal: had.length - missing.length,
    missing: missing.map(named),
    extra: after.filter((grant) => !isAdvisory(grant) && !then.has(identityOfGrant(grant))).map(named),
  };
}

/** Equality of JSON values, whatever the order of names in an object. */
export function isSameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a, sortedNames) === JSON.stringify(b, sortedNames);
}

function sortedNames(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

function named({ kind, key, name }: Grant): NamedGrant {
  return { kind, key, name };
}
