import type { ActivityHandler, OrchestrationHandler } from 'durable-functions';
import { readGuide } from '../../adapters/guideTexts';
import { createActivities } from '../../activities';
import type { ActivityDeps, ActivitySettings } from '../../activities/activity';
import { REDEMPTION_HINT } from '../../domain/events';
import { newRecord, type MigrationRecord } from '../../domain/record';
import { SWITCH_GUEST, type SwitchInput } from '../../domain/steps';
import { createFunctionTable, createHost, virtualClock } from '../../local/host';
import { switchGuest } from '../../orchestrators/switchGuest';
import { GUIDE_FOLDER } from './activityWorld';
import { createMemoryDocuments } from './memoryDocuments';
import { createMemoryRecords, type MemoryRecords } from './memoryRecords';
import { tenantInProcess, type InProcess } from './tenantInProcess';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const quiet = { info: () => undefined, warn: () => undefined };

/** Several migrations in one tenant, one engine and one record store, all in this process with one virtual clock. */
export interface Fleet {
  tenant: InProcess;
  deps: ActivityDeps;
  records: MemoryRecords;
  /** Starts a migration of the guest, whose id is `name`; lets everything happen that needs no time. */
  start(name: string, guestId: string, acceptWithinDays?: number, attended?: SwitchInput['attended']): Promise<void>;
  row(name: string): MigrationRecord;
  /** Moves the clock in steps, and lets everything happen. */
  minutes(count: number, step?: number): Promise<void>;
  /** How many rows the durable history of a migration has. */
  historyRows(name: string): number;
  /** Accepts the invitation of a migration; with a personal account unless another is named. */
  accept(name: string, account?: string): Promise<void>;
  close(): Promise<void>;
}

/** Builds a fleet over the built-in tenant. It is noon of today in UTC: no test meets midnight by accident. */
export function createFleet(settings: ActivitySettings): Fleet {
  const clock = virtualClock(Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2);
  const tenant = tenantInProcess({ clock });
  const now = (): Date => new Date(clock.now());
  const records = createMemoryRecords(now);
  const { graph, azure } = tenant;
  const deps: ActivityDeps = {
    graph,
    azure,
    records,
    documents: createMemoryDocuments(),
    clock: { now },
    settings,
    languages: readGuide(GUIDE_FOLDER).languages,
    organizationName: () => Promise.resolve('Contoso'),
  };
  const activities = Object.entries(createActivities(deps)).map(([name, activity]): [string, ActivityHandler] => [
    name,
    (input: unknown) => activity(input, quiet),
  ]);
  const functions = createFunctionTable({
    orchestrators: { [SWITCH_GUEST]: switchGuest as OrchestrationHandler },
    activities: Object.fromEntries(activities),
  });
  const host = createHost({ functions, clock });
  const row = (name: string): MigrationRecord => {
    const found = records.migrations.get(name);
    if (found === undefined) throw new Error(`There is no migration ${name}.`);
    return found;
  };
  return {
    tenant,
    deps,
    records,
    row,
    start: async (name, guestId, acceptWithinDays = 30, attended) => {
      const request = {
        guest: guestId,
        inviteEmail: `${name}@outlook.example`,
        strategy: 'recreate' as const,
        dryRun: false,
        approval: false,
        acceptWithinDays,
        skipAccess: [],
      };
      const start = { id: name, guestId, request, startedBy: 'test', now: now().toISOString() };
      await records.createMigration(newRecord(start));
      const input: SwitchInput = {
        migrationId: name,
        dryRun: false,
        acceptWithinDays,
        parallelRestores: 4,
        ...(attended === undefined ? {} : { attended }),
      };
      host.engine.start(SWITCH_GUEST, { instanceId: name, input });
      await host.engine.settle();
    },
    minutes: async (count, step = 1) => {
      for (let passed = 0; passed < count; passed += step) {
        await host.advance(step * MINUTE_MS);
        tenant.catchUp();
        await host.engine.settle();
      }
    },
    historyRows: (name) => host.engine.history(name).length,
    accept: async (name, account = 'personal') => {
      const { newId } = row(name).guest;
      if (newId === null) throw new Error(`Nobody is invited in ${name}.`);
      await tenant.redeem(newId, account);
      host.engine.raiseEvent(name, REDEMPTION_HINT, {});
      await host.engine.settle();
    },
    close: async () => {
      await host.close();
      tenant.close();
    },
  };
}
