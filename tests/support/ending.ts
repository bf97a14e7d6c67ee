import { guests } from '../../local/tenant/seed/ids';
import type { Phase } from '../../domain/phases';
import type { MigrationRecord } from '../../domain/record';
import { ServiceError } from '../../domain/serviceError';
import type { Report } from '../../domain/migration';
import { createAppInProcess, type AppInProcess, type AppOptions } from './appInProcess';
import { fewKinds } from './demoGuest';
import { brokenInvariants } from './invariants';
import type { TenantState } from './localStack';
import { accessOf } from './tenantView';

export const GUEST = guests.tomas;
export const PERSONAL = 'tomas.private@outlook.example';
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Edges between phases that rows of these tests have walked: `from → to`. */
export const walked = new Set<string>();

/** An app with a guest, for one ending. */
export interface Scene {
  app: AppInProcess;
  before: TenantState;
  /** Starts a migration of the guest to a personal account with few kinds of access. */
  start(change?: Record<string, unknown>): Promise<string>;
  /** Starts one and brings it to the wait for the guest. */
  waiting(change?: Record<string, unknown>): Promise<string>;
  to(id: string, phase: Phase): Promise<void>;
  ended(id: string): Promise<MigrationRecord>;
  invited(id: string): string;
  /** The guest accepts the present invitation. */
  accept(id: string, account?: string): Promise<void>;
  /** Asks for something that must be taken. */
  ask(id: string, what: string, body?: unknown): Promise<void>;
  resume(id: string, body?: unknown): Promise<string>;
  report(id: string): Promise<Report>;
  /** The access of a guest now, one line a grant. */
  access(guestId: string): Promise<string[]>;
  /** Access of the old guest before. */
  had: string[];
  /** Successful changes that the tenant was asked for, such as `DELETE /users/…`. */
  writes(): Promise<string[]>;
}

type Options = Omit<AppOptions, 'gate'> & {
  /** Acts when a step, route or timer begins a call to the outside. */
  gate?: (app: AppInProcess, actor: string, call: string) => Promise<void>;
  guest?: string;
};

/**
 * Plays a story to its end. Afterwards every migration that the store knows must have ended, and be in order by each
 * invariant.
 */
export async function play(options: Options, story: (scene: Scene) => Promise<void>): Promise<void> {
  const { gate, guest = GUEST, ...others } = options;
  const app: AppInProcess = createAppInProcess({
    ...others,
    ...(gate === undefined ? {} : { gate: (actor: string, call: string) => gate(app, actor, call) }),
  });
  const before = await app.state();
  try {
    await story(sceneOf(app, before, guest));
    const broken = [];
    for (const id of app.records.migrations.keys()) broken.push(...(await brokenInvariants(app, before, id)));
    expect(broken).toEqual([]);
  } finally {
    for (const { from, to } of app.phaseSteps) walked.add(`${from} → ${to}`);
    await app.close();
  }
}

function sceneOf(app: AppInProcess, before: TenantState, guest: string): Scene {
  const scene: Scene = {
    app,
    before,
    had: accessOf(before, guest),
    start: (change = {}) => app.start({ guest, inviteEmail: PERSONAL, ...fewKinds, ...change }),
    waiting: async (change) => {
      const id = await scene.start(change);
      await scene.to(id, 'awaitingRedemption');
      return id;
    },
    to: (id, phase) => app.until(`${phase} (it is ${app.row(id).phase})`, () => app.row(id).phase === phase),
    ended: async (id) => {
      await app.until('the end', () => app.row(id).phase === 'ended');
      await app.settle();
      return app.row(id);
    },
    invited: (id) => {
      const { newId } = app.row(id).guest;
      if (newId === null) throw new Error('Nobody is invited.');
      return newId;
    },
    accept: (id, account) => app.redeem(scene.invited(id), account),
    ask: async (id, what, body) => {
      const answer = await app.post(`/migrations/${id}/${what}`, body);
      if (answer.status !== 202) throw new Error(`${what} was answered with ${answer.status}: ${answer.text}`);
    },
    resume: async (id, body) => {
      const answer = await app.post(`/migrations/${id}/resume`, body);
      if (answer.status !== 202) throw new Error(`resume was answered with ${answer.status}: ${answer.text}`);
      return (answer.json as { id: string }).id;
    },
    report: async (id) => (await app.get(`/migrations/${id}/report`)).json as Report,
    access: async (guestId) => accessOf(await app.state(), guestId),
    writes: async () =>
      (await app.tenant.requests())
        .filter(({ method, path, status }) => method !== 'GET' && status < 300 && !/\$batch$|ResourceGraph/.test(path))
        .map(({ method, path }) => `${method} ${path}`),
  };
  return scene;
}

/** A gate that acts once, when the actor begins this call, with the row in the phase if one is named. */
export function once(
  actor: string,
  call: string,
  act: (app: AppInProcess) => Promise<unknown>,
  phase?: Phase,
): NonNullable<Options['gate']> {
  let done = false;
  return async (app, whose, which) => {
    if (done || whose !== actor || which !== call) return;
    if (phase !== undefined && app.row(onlyId(app)).phase !== phase) return;
    done = true;
    await act(app);
  };
}

/** The only migration that there is. */
export function onlyId(app: AppInProcess): string {
  const [id, ...others] = app.records.migrations.keys();
  if (id === undefined || others.length > 0) throw new Error('There is not exactly one migration.');
  return id;
}

/** What a call fails with that did not reach its service. */
export function unreachable(): ServiceError {
  return new ServiceError({ service: 'graph', status: 503, code: 'unreachable' });
}
