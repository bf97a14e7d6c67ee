import type { AccessKind, Attempt, Outside } from '../../access/kind';
import type { Grant } from '../../domain/grants';
import { settleSchedules } from '../../local/tenant/directory/schedules';
import { guests } from '../../local/tenant/seed/ids';
import type { Transaction } from '../../local/tenant/store/store';
import { newGuest, purgeGuest } from './newGuest';
import { outsideOf } from './recordedCalls';
import { tenantInProcess, type InProcess } from './tenantInProcess';

/** The built-in tenant with a clock of its own, and what kinds of access get of it. */
export interface PimWorld extends InProcess {
  outside: Outside;
  /** Milliseconds since 1970, in the tenant and for the app. */
  now(): number;
  advance(ms: number): void;
  /** Changes the tenant as its people do, besides the app. What is due by then happens. */
  alter(work: (tx: Transaction) => void): void;
  /** Purges Mara, invites the personal address, redeems. Returns the id of the new guest. */
  replaceMara(): Promise<string>;
  /** Runs a restore like the app does: what is to be tried again is, after two minutes each time. */
  restoreAll(kind: AccessKind, grants: readonly Grant[], newId: string): Promise<Attempt[]>;
}

/** Starts the tenant at a fixed time. */
export function pimWorld(): PimWorld {
  let nowMs = Date.parse('2026-03-02T09:00:00.000Z');
  const world = tenantInProcess({ clock: { now: () => nowMs } });
  const outside = outsideOf({ graph: world.graph, azure: world.azure, clock: { now: () => new Date(nowMs) } });
  const advance = (ms: number): void => {
    nowMs += ms;
    world.catchUp();
  };
  return {
    ...world,
    outside,
    now: () => nowMs,
    advance,
    alter: (work) =>
      world.tenant.store.transaction((tx) => {
        work(tx);
        settleSchedules(tx, nowMs);
      }),
    replaceMara: async () => {
      await purgeGuest(world, guests.mara);
      return newGuest(world, 'mara.lindqvist@outlook.example');
    },
    restoreAll: async (kind, grants, newId) => {
      const results = new Map<Grant, Attempt>();
      for (let tries = 0; tries < 20 && results.size < grants.length; tries += 1) {
        const open = grants.filter((grant) => !results.has(grant));
        const attempts = await kind.restore(open, newId, outside);
        open.forEach((grant, place) => {
          const attempt = attempts[place];
          if (attempt !== undefined && attempt.result !== 'retry') results.set(grant, attempt);
        });
        advance(120_000);
      }
      return grants.flatMap((grant) => results.get(grant) ?? []);
    },
  };
}

/** Switches on what a schedule makes eligible, as a guest does in PIM: for eight hours. */
export function activate(world: PimWorld, eligibleId: string): void {
  world.alter((tx) => {
    const list = tx.has('roleEligibilitySchedules', eligibleId) ? 'role' : 'group';
    const eligible = tx.get(`${list}EligibilitySchedules`, eligibleId);
    if (eligible === undefined) throw new Error('Nobody is eligible by this id.');
    const startDateTime = new Date(world.now()).toISOString();
    const endDateTime = new Date(world.now() + 8 * 3_600_000).toISOString();
    tx.put(`${list}AssignmentSchedules`, {
      ...eligible,
      id: `${eligibleId}-activation`,
      createdUsing: `${eligibleId}-activation`,
      createdDateTime: startDateTime,
      assignmentType: list === 'role' ? 'Activated' : 'activated',
      activatedUsing: eligibleId,
      scheduleInfo: {
        startDateTime,
        recurrence: null,
        expiration: { type: 'afterDateTime', endDateTime, duration: null },
      },
    });
  });
}
