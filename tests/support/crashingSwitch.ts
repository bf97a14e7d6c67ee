import type { ActivityHandler, OrchestrationHandler } from 'durable-functions';
import { createActivities } from '../../activities';
import type { ActivityDeps } from '../../activities/activity';
import { reportOf } from '../../activities/report';
import { readGuide } from '../../adapters/guideTexts';
import { REDEMPTION_HINT } from '../../domain/events';
import type { GrantKind } from '../../domain/grants';
import type { Report } from '../../domain/migration';
import { newRecord, type MigrationRecord } from '../../domain/record';
import { SWITCH_GUEST, type SwitchInput } from '../../domain/steps';
import { wishing } from '../../domain/wishes';
import { createFunctionTable, createHost, virtualClock, type Clock, type Host } from '../../local/host';
import { openStore } from '../../local/host/createHost';
import type { Store } from '../../local/host/engine/store';
import type { StateDocument } from '../../local/tenant/store/document';
import { switchGuest } from '../../orchestrators/switchGuest';
import { GUIDE_FOLDER } from './activityWorld';
import type { TenantState } from './localStack';
import { createMemoryDocuments, type MemoryDocuments } from './memoryDocuments';
import { createMemoryRecords, type MemoryRecords } from './memoryRecords';
import { MortalProcess, type Death, type ExternalCall } from './mortalProcess';
import { isWrite } from './requestLog';
import { inProcessSettings } from './switchInProcess';
import { tenantInProcess, type InProcess } from './tenantInProcess';

/** Noon of today in UTC: no run meets midnight by accident. */
const DAY_MS = 86_400_000;
const NOON_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2;
const { languages } = readGuide(GUIDE_FOLDER);
const MIGRATION = 'm-crashing';
const MOST_STEPS = 1500;
const input: SwitchInput = {
  migrationId: MIGRATION,
  dryRun: false,
  acceptWithinDays: 30,
  parallelRestores: 4,
  attended: { rounds: 3, remindAfterDays: [] },
};
const quiet = { info: () => undefined, warn: () => undefined };

/** What outlives every process: the tenant, the storage, the durable history and the time. */
export interface World {
  tenant: InProcess;
  records: MemoryRecords;
  documents: MemoryDocuments;
  clock: Clock;
  /** The database of the durable history. */
  history: Store;
  row: () => MigrationRecord;
  /** The invited guest accepts. */
  accept: (account: string) => Promise<void>;
  /** Somebody wants the guest back, as POST /migrations/{id}/cancel with the mode `revert` writes it. */
  wishBack: () => Promise<void>;
}

export interface Scenario {
  /** The tenant before. To be made once: some times in it depend on when it is made, and runs are compared. */
  seed: StateDocument;
  guestId: string;
  strategy: 'recreate' | 'reset';
  skipAccess: GrantKind[];
  /** Before the migration begins. */
  prepare?: (world: World) => Promise<void>;
  /** What people do, made anew for each run. Asked whenever nothing moves without them or the time. True: wake the run. */
  people: () => (world: World) => Promise<boolean>;
}

export interface Crashed {
  record: MigrationRecord;
  report: Report;
  state: TenantState;
  records: MemoryRecords;
  /** External calls of the first process, which may have died at the last of them, and of the one after it. */
  calls: ExternalCall[];
  callsAfter: ExternalCall[];
}

/**
 * A whole switch whose process dies at one external call, and whose next process goes on over what was stored: the real
 * orchestrator in the real replay engine over its database, the real activities and adapters, the simulated tenant, one
 * virtual clock. Without a death it is the undisturbed run.
 */
export async function crashingSwitch(scenario: Scenario, death?: Death): Promise<Crashed> {
  const world = createWorld(scenario);
  try {
    await scenario.prepare?.(world);
    await world.records.createMigration(recordOf(scenario, world.clock));
    const first = new MortalProcess(death);
    const people = scenario.people();
    const second = new MortalProcess();
    if (!(await live(first, world, people, input))) await live(second, world, people);
    const record = world.row();
    return {
      record,
      report: await reportOf(record, world),
      state: await world.tenant.state(),
      records: world.records,
      calls: first.calls,
      callsAfter: second.calls,
    };
  } finally {
    world.tenant.close();
  }
}

function createWorld({ seed }: Scenario): World {
  const clock = virtualClock(NOON_MS);
  const tenant = tenantInProcess({ clock, seed });
  const records = createMemoryRecords(() => new Date(clock.now()));
  const row = (): MigrationRecord => {
    const found = records.migrations.get(MIGRATION);
    if (found === undefined) throw new Error('The migration has no row.');
    return found;
  };
  return {
    tenant,
    records,
    documents: createMemoryDocuments(),
    clock,
    history: openStore(':memory:'),
    row,
    accept: async (account) => {
      const { newId } = row().guest;
      if (newId === null) throw new Error('Nobody is invited.');
      await tenant.redeem(newId, account);
    },
    wishBack: async () => {
      const at = new Date(clock.now()).toISOString();
      await records.decideOnMigration(MIGRATION, (current) => wishing(current, { kind: 'revert', by: 'test', at }));
    },
  };
}

/** Runs one process of the app to the end of the migration, or to its own. True when the migration has ended. */
async function live(
  process: MortalProcess,
  world: World,
  people: (world: World) => Promise<boolean>,
  start?: SwitchInput,
): Promise<boolean> {
  const { clock, history } = world;
  const host = createHost({ functions: process.functions(functionsOf(process, world)), clock }, history);
  process.atDeath = () => void host.engine.stop();
  if (start !== undefined) host.engine.start(SWITCH_GUEST, { instanceId: MIGRATION, input: start });
  // The engine of a dead process stays busy for ever with what never answers: driving it does not go on either.
  const ended = await Promise.race([drive(host, world, people).then(() => true), process.died.then(() => false)]);
  if (ended) await host.close();
  return ended;
}

function functionsOf(process: MortalProcess, { tenant, records, documents, clock }: World) {
  const deps: ActivityDeps = {
    ...tenant.connect(process.passage(isWrite)),
    records: process.port('records', records),
    documents: process.port('documents', documents),
    clock: { now: () => new Date(clock.now()) },
    settings: inProcessSettings,
    languages,
    organizationName: () => Promise.resolve('Contoso'),
  };
  const activities = Object.entries(createActivities(deps)).map(([name, activity]): [string, ActivityHandler] => [
    name,
    (input: unknown) => activity(input, quiet),
  ]);
  return createFunctionTable({
    orchestrators: { [SWITCH_GUEST]: switchGuest as OrchestrationHandler },
    activities: Object.fromEntries(activities),
  });
}

async function drive(host: Host, world: World, people: (world: World) => Promise<boolean>): Promise<void> {
  for (let step = 0; step < MOST_STEPS; step += 1) {
    await host.engine.settle();
    const status = host.engine.status(MIGRATION)?.runtimeStatus;
    if (status === 'Completed') return;
    if (status !== 'Running' && status !== 'Pending') throw new Error(`The run is ${status ?? 'unknown'}.`);
    if (await people(world)) {
      host.engine.raiseEvent(MIGRATION, REDEMPTION_HINT, {});
    } else {
      await host.advance(2_000);
      world.tenant.catchUp();
    }
  }
  throw new Error(`The run has not ended after ${MOST_STEPS} steps; it is in the phase ${world.row().phase}.`);
}

function recordOf({ guestId, strategy, skipAccess }: Scenario, clock: Clock): MigrationRecord {
  return newRecord({
    id: MIGRATION,
    guestId,
    startedBy: 'test',
    now: new Date(clock.now()).toISOString(),
    mostRounds: 3,
    request: {
      guest: guestId,
      inviteEmail: 'the.guest@outlook.example',
      strategy,
      dryRun: false,
      approval: false,
      acceptWithinDays: 30,
      skipAccess,
    },
  });
}
