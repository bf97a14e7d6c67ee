import path from 'node:path';
import { createActivities } from '../../activities';
import type { ActivityDeps, ActivitySettings } from '../../activities/activity';
import type { Grant } from '../../domain/grants';
import type { Log } from '../../domain/ports';
import { newRecord, type MigrationRecord } from '../../domain/record';
import type { StepName, StepOutcome } from '../../domain/steps';
import type { Snapshot } from '../../domain/snapshot';
import { createMemoryDirectory, GROUP_ID, type DirectoryUser, type MemoryDirectory } from './memoryDirectory';
import { createMemoryDocuments, type MemoryDocuments } from './memoryDocuments';
import { createMemoryRecords, type MemoryRecords } from './memoryRecords';
import { readGuide } from '../../adapters/guideTexts';
import { azureOf } from './recordedCalls';

export const MIGRATION_ID = 'm-0001';
export const OLD_ID = '01d00000-0000-4000-8000-000000000001';
export const INVITED_ADDRESS = 'ada@personal.example';
export const CONSISTENCY_SECONDS = 120;
export const GUIDE_FOLDER = path.resolve(__dirname, '../../web/guide');
const TENANT_ID = '7e000000-0000-4000-8000-000000000001';

/** Everything that activities touch, in memory, with a clock that tests move. */
export interface ActivityWorld {
  deps: ActivityDeps;
  records: MemoryRecords;
  documents: MemoryDocuments;
  directory: MemoryDirectory;
  /** Every log line, as JSON text. */
  logLines: string[];
  /** Runs an activity behind its boundary, as the registered function does. */
  run(name: StepName, input: unknown): Promise<StepOutcome<unknown>>;
  row(): MigrationRecord;
  advanceSeconds(seconds: number): void;
  /** Stores a snapshot of the old guest for this migration; returns its hash. */
  storeSnapshot(change?: Partial<Snapshot>): Promise<string>;
}

/** The guest before the migration. */
export function oldGuest(): DirectoryUser {
  return {
    id: OLD_ID,
    displayName: 'Ada Lovelace',
    userPrincipalName: 'ada_work.example#EXT#@tenant.example',
    mail: 'ada@work.example',
    userType: 'Guest',
    externalUserState: 'Accepted',
    createdDateTime: '2024-01-01T00:00:00Z',
    identities: [{ signInType: 'federated', issuer: 'ExternalAzureAD', issuerAssignedId: null }],
  };
}

/** Membership of the directory's one group. */
export const membership: Grant = { kind: 'groupMembership', key: GROUP_ID, name: 'Readers', data: {} };

/** A Conditional Access policy that excludes the old guest, captured where the rewrite is on. */
export const exclusion: Grant = {
  kind: 'conditionalAccess',
  key: 'policy-1/exclude',
  name: 'Second factor',
  data: { policyId: 'policy-1', list: 'exclude', oldId: OLD_ID },
};

/** Builds a world with the old guest and a migration that has just begun; `change` overwrites fields of its row. */
export async function createWorld(change: Partial<MigrationRecord> = {}): Promise<ActivityWorld> {
  let nowMs = Date.parse('2026-03-01T08:00:00.000Z');
  const now = (): Date => new Date(nowMs);
  const records = createMemoryRecords(now);
  const documents = createMemoryDocuments();
  const directory = createMemoryDirectory([oldGuest()], now);
  const logLines: string[] = [];
  const write: Log['info'] = (event, fields = {}) => logLines.push(JSON.stringify({ event, ...fields }));
  const log: Log = { info: write, warn: write };
  const azure = azureOf(({ method }) => (method === 'QUERY' ? { data: [] } : []));
  const deps: ActivityDeps = {
    graph: directory.graph,
    azure,
    records,
    documents,
    clock: { now },
    settings: { ...settings },
    languages: readGuide(GUIDE_FOLDER).languages,
    organizationName: () => Promise.resolve('Contoso'),
  };
  const activities = createActivities(deps);
  const start = { id: MIGRATION_ID, guestId: OLD_ID, request, startedBy: 'test', now: now().toISOString() };
  await records.createMigration({ ...newRecord(start), ...change });
  return {
    deps,
    records,
    documents,
    directory,
    logLines,
    run: (name, input) => activities[name](input, log),
    row: () => {
      const row = records.migrations.get(MIGRATION_ID);
      if (row === undefined) throw new Error('The migration has no row.');
      return row;
    },
    advanceSeconds: (seconds) => {
      nowMs += seconds * 1000;
    },
    storeSnapshot: (other = {}) => documents.writeSnapshot({ ...snapshotAt(now()), ...other }),
  };
}

const settings: ActivitySettings = {
  tenantId: TENANT_ID,
  inviteRedirectUrl: 'https://myapps.example',
  invitationMail: 'microsoft',
  mailbox: '',
  guideUrl: 'https://switch.example/api/guide',
  notificationUrl: 'https://switch.example/api/graph/notifications',
  lifecycleUrl: 'https://switch.example/api/graph/lifecycle',
  notificationSecret: 'a secret of more than sixteen characters',
  consistencySeconds: CONSISTENCY_SECONDS,
  protectedGuests: [],
  domainPolicyCheck: 'off',
  skipAccess: [],
  rewriteConditionalAccess: false,
  purgeAfterRedemption: false,
  dailyBudget: 50,
};

const request: MigrationRecord['request'] = {
  guest: OLD_ID,
  inviteEmail: INVITED_ADDRESS,
  strategy: 'recreate',
  dryRun: false,
  approval: false,
  acceptWithinDays: 30,
  skipAccess: [],
};

function snapshotAt(at: Date): Snapshot {
  const { id, displayName, userPrincipalName, mail, createdDateTime, identities } = oldGuest();
  return {
    version: 1,
    migrationId: MIGRATION_ID,
    takenAt: at.toISOString(),
    tenantId: TENANT_ID,
    guest: { id, displayName, userPrincipalName, mail, preferredLanguage: null, createdDateTime, identities },
    sponsorIds: [],
    grants: [membership],
  };
}
