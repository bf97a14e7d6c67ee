import { z } from 'zod';
import { grantSchema, kindSchema } from './grants';
import { identitySchema } from './identityVerdict';
import { migrationId, objectId, sha256 } from './ids';

/** What is kept about the guest account itself: enough to invite again and to tell people apart. */
export const guestAccountSchema = z.strictObject({
  id: objectId,
  displayName: z.string(),
  userPrincipalName: z.string(),
  mail: z.string().nullable(),
  preferredLanguage: z.string().nullable(),
  createdDateTime: z.string().nullable(),
  identities: z.array(identitySchema),
  /** Absent in the first snapshots. */
  otherMails: z.array(z.string()).optional(),
});
export type GuestAccount = z.infer<typeof guestAccountSchema>;

/** Everything captured before the first destructive step. `version` changes with the shape. */
export const snapshotSchema = z.strictObject({
  version: z.literal(1),
  migrationId,
  takenAt: z.iso.datetime(),
  tenantId: objectId,
  guest: guestAccountSchema,
  sponsorIds: z.array(objectId),
  /** The kinds of grant that were looked for; absent in the first snapshots, which know six. */
  kinds: z.array(kindSchema).optional(),
  grants: z.array(grantSchema),
  /** The snapshot that this one is a copy of, in migrations that continue another. */
  copiedFrom: z.strictObject({ migrationId, snapshotHash: sha256 }).optional(),
});
export type Snapshot = z.infer<typeof snapshotSchema>;
