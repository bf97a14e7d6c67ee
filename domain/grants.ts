import { z } from 'zod';

/** Kinds of grant. Each has one file in access/; callers name them in `skipAccess`. */
export const kindSchema = z.enum([
  'profile',
  'directoryExtension',
  'openExtension',
  'customSecurityAttribute',
  'manager',
  'directReport',
  'sponsor',
  'sponsorOf',
  'license',
  'accessPackage',
  'groupMembership',
  'groupOwnership',
  'pimGroup',
  'teamsChannel',
  'appRole',
  'delegatedPermission',
  'applicationOwnership',
  'conditionalAccess',
  'azureRole',
  'pimAzureRole',
  'keyVaultPolicy',
  'administrativeUnit',
  'directoryRole',
  'pimDirectoryRole',
  'authenticationMethod',
  'outsideGraph',
]);
export type GrantKind = z.infer<typeof kindSchema>;

/**
 * One unit of access as it was captured. `key` identifies it within its kind and does not contain the guest's id, so
 * that the old and the new guest's grants compare; where `data` has a `value`, that is compared too. `instruction` is set
 * when an app cannot restore the grant.
 */
export const grantSchema = z.strictObject({
  kind: kindSchema,
  key: z.string().min(1),
  name: z.string(),
  scope: z.string().optional(),
  instruction: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
});
export type Grant = z.infer<typeof grantSchema>;

/**
 * True for a reminder of access that no API shows for a guest: it is reported with what to do, but it is neither
 * compared nor a gap, because nobody knows whether there is anything to restore.
 */
export function isAdvisory({ kind }: Pick<Grant, 'kind'>): boolean {
  return kind === 'outsideGraph';
}

export const grantResultSchema = z.enum(['restored', 'alreadyPresent', 'manual', 'failed']);
export type GrantResult = z.infer<typeof grantResultSchema>;

/** How many grants were captured, and how each of them ended. captured = the sum of the others once the run ends. */
export const accessCountsSchema = z.strictObject({
  captured: z.int().min(0),
  restored: z.int().min(0),
  alreadyPresent: z.int().min(0),
  manual: z.int().min(0),
  failed: z.int().min(0),
});
export type AccessCounts = z.infer<typeof accessCountsSchema>;

export const noAccess: AccessCounts = { captured: 0, restored: 0, alreadyPresent: 0, manual: 0, failed: 0 };

/** The result of one grant as it is stored and reported. `index` is its place in the snapshot. */
export const grantRecordSchema = z.strictObject({
  index: z.int().min(0),
  result: grantResultSchema,
  detail: z.string(),
});
export type GrantRecord = z.infer<typeof grantRecordSchema>;

/** Counts results; grants without a result yet are only in `captured`. */
export function countResults(captured: number, records: readonly GrantRecord[]): AccessCounts {
  const counts = { ...noAccess, captured };
  for (const record of records) counts[record.result] += 1;
  return counts;
}
