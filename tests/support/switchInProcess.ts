import type { ActivityHandler, OrchestrationHandler } from 'durable-functions';
import { readGuide } from '../../adapters/guideTexts';
import { createActivities } from '../../activities';
import type { ActivityDeps, ActivitySettings } from '../../activities/activity';
import { reportOf } from '../../activities/report';
import { APPROVAL_DECIDED, REDEMPTION_HINT } from '../../domain/events';
import type { Report } from '../../domain/migration';
import type { Log } from '../../domain/ports';
import { newRecord, type MigrationRecord } from '../../domain/record';
import type { GrantKind } from '../../domain/grants';
import { SWITCH_GUEST } from '../../domain/steps';
import { createFunctionTable, createHost, virtualClock, type Clock, type Host } from '../../local/host';
import { builtInTenant } from '../../local/tenant/seed/index';
import type { StateDocument } from '../../local/tenant/store/document';
import { switchGuest } from '../../orchestrators/switchGuest';
import type { RequestLogEntry, TenantState } from './localStack';
import { GUIDE_FOLDER } from './activityWorld';
import { createMemoryDocuments } from './memoryDocuments';
import { createMemoryRecords } from './memoryRecords';
import { tenantInProcess, type InProcess } from './tenantInProcess';

/** Made once: some of its times depend on when it is made, and runs are compared. */
const builtIn = builtInTenant();
const MIGRATION = 'm-in-process';
const MOST_STEPS = 400;
const APPROVAL_HOURS = 720;
const HOUR_MS = 60 * 60_000;
const quiet: Log = { info: () => undefined, warn: () => undefined };

export interface SwitchOptions {
  guestId: string;
  /** The built-in tenant by default. */
  seed?: StateDocument;
  inviteEmail?: string;
  dryRun?: boolean;
  skipAccess?: GrantKind[];
  account?: string;
  strategy?: 'recreate' | 'reset' | 'auto';
  callbackUrl?: string;
  settings?: Partial<ActivitySettings>;
  /** Runs before the migration begins: settings and faults of the tenant, changes of its state. */
  prepare?: (tenant: InProcess) => Promise<void>;
  /** Waits for an approval: after `afterHours` what is done meanwhile is done, then the answer is given. */
  approval?: {
    afterHours: number;
    answer: 'approved' | 'rejected';
    meanwhile?: (tenant: InProcess) => Promise<void>;
  };
  /** Runs when the invited guest has accepted, before anything is restored. */
  meanwhile?: (tenant: InProcess, newId: string) => Promise<void>;
}

export interface Switched {
  record: MigrationRecord;
  report: Report;
  before: TenantState;
  after: TenantState;
  requests: RequestLogEntry[];
  tenant: InProcess;
  deps: ActivityDeps;
  clock: Clock;
  close(): Promise<void>;
}

/**
 * A whole switch in this process: the real orchestrator in the real replay engine with virtual time, the real
 * activities, kinds and adapters, and the simulated tenant, which shares the clock. Only the network is missing, and
 * the records are in memory. There is no server here that could be told of changes, so the guest's redemption is
 * noticed by the hint that the polling timer would raise.
 */
export async function switchInProcess(options: SwitchOptions): Promise<Switched> {
  const clock = virtualClock(Date.now());
  const tenant = tenantInProcess({ clock, seed: options.seed ?? builtIn });
  await options.prepare?.(tenant);
  const before = await tenant.state();
  await tenant.control('DELETE', 'requests');
  const now = (): Date => new Date(clock.now());
  const records = createMemoryRecords(now);
  const deps: ActivityDeps = {
    graph: tenant.graph,
    azure: tenant.azure,
    records,
    documents: createMemoryDocuments(),
    clock: { now },
    settings: { ...inProcessSettings, ...options.settings },
    languages: readGuide(GUIDE_FOLDER).languages,
    organizationName: () => Promise.resolve('Contoso'),
  };
  await records.createMigration(newRecord(startOf(options, now())));
  const host = startRun(deps, clock, options);
  const rowNow = (): MigrationRecord => {
    const row = records.migrations.get(MIGRATION);
    if (row === undefined) throw new Error('The migration has no row.');
    return row;
  };
  await drive(host, tenant, rowNow, options, async (decision) => {
    const approval = { decision, by: 'somebody', comment: '', at: now().toISOString() };
    await records.updateMigration(MIGRATION, { approval });
  });
  const record = rowNow();
  return {
    record,
    report: await reportOf(record, deps),
    before,
    after: await tenant.state(),
    requests: await tenant.requests(),
    tenant,
    deps,
    clock,
    close: async () => {
      await host.close();
      tenant.close();
    },
  };
}

export const inProcessSettings: ActivitySettings = {
  tenantId: '7f3c1e52-9a64-4c1b-8d27-5b0e6a94f310',
  inviteRedirectUrl: 'https://myapps.example',
  invitationMail: 'microsoft',
  mailbox: '',
  guideUrl: 'https://127.0.0.1:1/api/guide',
  notificationUrl: 'https://127.0.0.1:1/api/graph/notifications',
  lifecycleUrl: 'https://127.0.0.1:1/api/graph/lifecycle',
  notificationSecret: 'a secret of more than sixteen characters',
  consistencySeconds: 5,
  protectedGuests: [],
  domainPolicyCheck: 'beta',
  skipAccess: [],
  rewriteConditionalAccess: false,
  purgeAfterRedemption: false,
  dailyBudget: 50,
};

function startOf(options: SwitchOptions, now: Date) {
  const {
    guestId,
    inviteEmail,
    dryRun = false,
    skipAccess = [],
    approval,
    callbackUrl,
    strategy = 'recreate',
  } = options;
  return {
    id: MIGRATION,
    guestId,
    startedBy: 'test',
    now: now.toISOString(),
    approvalHours: approval === undefined ? null : APPROVAL_HOURS,
    mostRounds: 3,
    request: {
      guest: guestId,
      inviteEmail: inviteEmail ?? 'the.guest@outlook.example',
      strategy,
      dryRun,
      approval: approval !== undefined,
      acceptWithinDays: 30,
      skipAccess,
      ...(callbackUrl === undefined ? {} : { callbackUrl }),
    },
  };
}

function startRun(deps: ActivityDeps, clock: Clock, { dryRun = false, approval }: SwitchOptions): Host {
  const activities = Object.entries(createActivities(deps)).map(([name, activity]): [string, ActivityHandler] => [
    name,
    (input: unknown) => activity(input, quiet),
  ]);
  const functions = createFunctionTable({
    orchestrators: { [SWITCH_GUEST]: switchGuest as OrchestrationHandler },
    activities: Object.fromEntries(activities),
  });
  const host = createHost({ functions, clock });
  const input = {
    migrationId: MIGRATION,
    dryRun,
    acceptWithinDays: 30,
    parallelRestores: 4,
    attended: { rounds: 3, remindAfterDays: [] },
    ...(deps.settings.rewriteConditionalAccess ? { rewriteConditionalAccess: true } : {}),
    ...(approval === undefined ? {} : { approvalHours: APPROVAL_HOURS }),
  };
  host.engine.start(SWITCH_GUEST, { instanceId: MIGRATION, input });
  return host;
}

/** Lets the run go on: moves the clock while it waits, and accepts the invitation once. */
async function drive(
  host: Host,
  tenant: InProcess,
  row: () => MigrationRecord,
  { account = 'personal', meanwhile, approval }: SwitchOptions,
  answer: (decision: 'approved' | 'rejected') => Promise<void>,
): Promise<void> {
  let accepted = false;
  let answered = false;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    await host.engine.settle();
    const status = host.engine.status(MIGRATION)?.runtimeStatus;
    if (status === 'Completed') return;
    if (status !== 'Running' && status !== 'Pending') throw new Error(`The run is ${status ?? 'unknown'}.`);
    const { phase, guest } = row();
    if (phase === 'awaitingRedemption' && guest.newId !== null && !accepted) {
      accepted = true;
      await tenant.redeem(guest.newId, account);
      await meanwhile?.(tenant, guest.newId);
      host.engine.raiseEvent(MIGRATION, REDEMPTION_HINT, {});
    } else if (phase === 'awaitingApproval' && approval !== undefined && !answered) {
      answered = true;
      await host.advance(approval.afterHours * HOUR_MS);
      tenant.catchUp();
      await approval.meanwhile?.(tenant);
      await answer(approval.answer);
      host.engine.raiseEvent(MIGRATION, APPROVAL_DECIDED, null);
    } else {
      await host.advance(2_000);
      tenant.catchUp();
    }
  }
  throw new Error(`The run has not ended after ${MOST_STEPS} steps; it is in the phase ${row().phase}.`);
}
