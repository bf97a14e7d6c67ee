import { z } from 'zod';
import { kindSchema, type Grant } from './grants';

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
 * Compares by kind and key, and by value where a grant carries one (`data.value`: profile attributes).
 */
export function compareAccess(before: readonly Grant[], after: readonly Grant[]): Comparison {
  const now = new Map(after.map((grant) => [identityOfGrant(grant), grant]));
  const then = new Set(before.map(identityOfGrant));
  const missing = before.filter((grant) => {
    const found = now.get(identityOfGrant(grant));
    return found === undefined || JSON.stringify(found.data['value']) !== JSON.stringify(grant.data['value']);
  });
  return {
    equal: before.length - missing.length,
    missing: missing.map(named),
    extra: after.filter((grant) => !then.has(identityOfGrant(grant))).map(named),
  };
}

function named({ kind, key, name }: Grant): NamedGrant {
  return { kind, key, name };
}
