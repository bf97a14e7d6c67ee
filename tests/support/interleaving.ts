import { readSubscription } from '../../activities/subscriptionMemory';
import { kindSchema, type GrantKind } from '../../domain/grants';
import { guests } from '../../local/tenant/seed/ids';
import type { MigrationRecord } from '../../domain/record';
import { createAppInProcess, type AppInProcess, type Tick } from './appInProcess';
import { brokenInvariants } from './invariants';
import { NOTIFICATION_SECRET, type TestAnswer } from './testApp';
import { randomFrom, Turns } from './turns';

const GUEST = guests.tomas;
const PERSONAL = 'tomas.private@outlook.example';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MOST_POINTS = 6_000;

/** Roles have to be read for a reset. */
const restored: readonly GrantKind[] = ['groupMembership', 'directoryRole', 'pimDirectoryRole'];
const skipAccess = kindSchema.options.filter((kind) => !restored.includes(kind));
const ticks: readonly Tick[] = [
  'watchRedemptions',
  'sweepMigrations',
  'tendSubscription',
  'markStuckMigrations',
  'deliverCallbacks',
];

/** What became of one interleaving. */
export interface Played {
  seed: number;
  /** Of all migrations, the latest last. */
  outcomes: string[];
  /** What was done, in order, for whoever looks for the cause of a broken invariant. */
  moves: string[];
  broken: string[];
}

/**
 * Plays one migration in which everybody acts at the worst moments: every call of every actor to the outside is held
 * back, and the seed decides who goes on next, and which hostile thing happens in between. Then everything comes to rest,
 * and the invariants are looked at.
 */
export async function playInterleaving(seed: number): Promise<Played> {
  const random = randomFrom(seed);
  // The tenant asks it which replica answers.
  const replicas = jest.spyOn(Math, 'random').mockImplementation(random);
  const game = new Game(seed, random);
  try {
    await game.begin();
    await game.fight();
    await game.comeToRest();
    return { seed, outcomes: game.outcomes(), moves: game.moves, broken: await game.broken() };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { seed, outcomes: game.outcomes(), moves: game.moves, broken: [`the run: ${message}`] };
  } finally {
    replicas.mockRestore();
    await game.close();
  }
}

class Game {
  readonly moves: string[] = [];
  private readonly app: AppInProcess;
  private readonly open = new Set<Promise<unknown>>();
  private readonly faults: string[] = [];
  private movesLeft: number;
  /** How often something hostile happens between two calls. */
  private readonly haste: number;
  private readonly turns: Turns;
  private before: Awaited<ReturnType<AppInProcess['state']>> | undefined;

  constructor(
    private readonly seed: number,
    private readonly random: () => number,
  ) {
    this.haste = this.one([0.01, 0.03, 0.08]);
    this.turns = new Turns(random, this.one([0, 0.1, 0.5]));
    this.movesLeft = 3 + Math.floor(random() * 9);
    this.app = createAppInProcess({
      settings: {
        purgeAfterRedemption: seed % 4 === 1,
        wrongAccountRounds: 2,
        approvalTimeoutHours: 48,
        notificationSecret: NOTIFICATION_SECRET,
      },
      gate: (actor, call) => this.turns.hold(actor, call),
    });
  }

  async begin(): Promise<void> {
    const { app } = this;
    this.before = await app.state();
    await app.tenant.control('PUT', 'settings', {
      replicationMs: this.one([0, 0, 3_000]),
      notificationMs: this.one([0, 0, 4_000, 10 * MINUTE_MS]),
      duplicateNotifications: this.one([false, true]),
      dropNotifications: this.one([false, false, true]),
    });
    this.turns.closed = true;
    this.send('POST', '/migrations', this.request());
  }

  /** Who asks for what at the beginning. */
  private request(): object {
    return {
      guest: GUEST,
      inviteEmail: PERSONAL,
      skipAccess,
      acceptWithinDays: 6,
      strategy: this.seed % 4 === 2 ? 'reset' : 'recreate',
      approval: this.seed % 3 === 0,
      remindAfterDays: [2],
    };
  }

  /** Lets the actors race until no move is left and everybody waits. */
  async fight(): Promise<void> {
    for (let points = 0; points < MOST_POINTS; points += 1) {
      await this.turns.still();
      if (this.movesLeft > 0 && this.random() < this.haste) {
        await this.move();
        continue;
      }
      if (this.turns.waiting.length > 0) {
        this.turns.release();
        continue;
      }
      if (this.movesLeft === 0) return;
      const next = this.app.host.engine.nextTimerAt()?.getTime();
      const inMs = next === undefined ? Infinity : Math.max(next - this.app.now().getTime(), 0);
      // What takes seconds goes by itself; while somebody is waited for, things happen.
      if (inMs <= 2 * MINUTE_MS) this.pass(inMs);
      else await this.move();
    }
    throw new Error('it does not come to an end');
  }

  /** Lets everything go its way; what still waits for people is answered somehow. */
  async comeToRest(): Promise<void> {
    this.turns.end();
    const { app } = this;
    await Promise.all(this.open);
    await app.settle();
    for (let answers = 0; answers < 12; answers += 1) {
      const row = this.active();
      if (row === undefined) {
        if (!(await this.maybeResume())) return;
        continue;
      }
      await app.until('people', () => this.waitsForPeople(app.row(row.id)) || app.row(row.id).phase === 'ended');
      await this.answer(app.row(row.id));
    }
    throw new Error(`it does not come to rest: ${this.active()?.phase ?? ''}`);
  }

  outcomes(): string[] {
    return [...this.app.records.migrations.values()].map(({ outcome, phase }) => outcome ?? phase);
  }

  async broken(): Promise<string[]> {
    const { app, before } = this;
    const broken = [...this.faults];
    for (const id of app.records.migrations.keys()) {
      if (before !== undefined) broken.push(...(await brokenInvariants(app, before, id)));
    }
    return [...new Set(broken)];
  }

  async close(): Promise<void> {
    this.turns.end();
    await this.app.close();
  }

  private pass(ms: number): void {
    this.app.host.clock.advance(ms);
    this.app.tenant.catchUp();
  }

  private async move(): Promise<void> {
    this.movesLeft -= 1;
    const row = this.latest();
    if (row === undefined) {
      this.tick();
      return;
    }
    const { id, phase } = row;
    const near = phase === 'awaitingRedemption' || phase === 'verifyingIdentity' || phase === 'needsOperator';
    const choices: (() => void | Promise<void>)[] = [
      () => this.tick(),
      () => this.send('POST', `/migrations/${id}/approve`, { by: this.one(['a', 'b']) }),
      () => this.send('POST', `/migrations/${id}/cancel`),
      () => this.send('POST', `/migrations/${id}/cancel`, { mode: 'revert' }),
      () => this.send('POST', `/migrations/${id}/resend`),
      () => this.notify(),
      () => this.redeem(),
      () => this.redeem(),
      () => this.wait(),
    ];
    const rare: typeof choices = [
      () => this.send('POST', `/migrations/${id}/reject`, { by: 'a' }),
      () => this.send('POST', `/migrations/${id}/resume`),
      () => this.send('POST', '/migrations', this.request()),
    ];
    if (phase === 'awaitingApproval') rare.push(() => this.send('POST', `/migrations/${id}/approve`, { by: 'a' }));
    if (near)
      choices.push(
        () => this.redeem(),
        () => this.wait(),
      );
    if (phase === 'ended') choices.push(() => this.send('POST', `/migrations/${id}/resume`));
    // An approval is needed for anything to happen after it.
    const goesOn = phase === 'awaitingApproval' && this.random() < 0.5;
    const chosen = goesOn ? choices[1] : this.one([...choices, ...choices, ...rare]);
    await chosen?.();
  }

  private send(method: string, path: string, body?: unknown): void {
    const what = `${path.replace(/^.*\//, '')} ${body === undefined || path === '/migrations' ? '' : JSON.stringify(body)}`;
    this.note(what);
    this.track(
      this.app.request(method, path, body).then((answer: TestAnswer) => {
        if (answer.status >= 500) this.faults.push(`${method} ${path} was answered with ${answer.status}`);
        this.note(`  → ${what} ${answer.status}`);
      }),
    );
  }

  private tick(): void {
    const name = this.one(ticks);
    this.note(name);
    this.track(this.app.begin(name));
  }

  /** A notification about somebody whom the app may not know of yet, or not any more. */
  private async notify(): Promise<void> {
    const { app } = this;
    const subscription = await this.ungated(() => readSubscription(app.records));
    const { users } = await app.state();
    const id = this.one(users.filter(({ userType }) => userType === 'Guest').slice(-3)).id;
    const item = {
      clientState: NOTIFICATION_SECRET,
      subscriptionId: subscription?.id ?? '',
      tenantId: app.services.settings.tenantId,
      resourceData: { id },
    };
    this.note('notification');
    this.track(app.request('POST', '/graph/notifications', { value: [item, item] }));
  }

  private async redeem(): Promise<void> {
    const { app } = this;
    const { users } = await app.state();
    const invited = users.filter(
      ({ id, externalUserState }) => externalUserState === 'PendingAcceptance' && id !== guests.pavel,
    );
    const [guest] = invited;
    if (guest === undefined) return;
    const account = this.one(['personal', 'personal', 'work', 'work', 'google', 'emailCode']);
    this.note(`accepts with ${account}`);
    await app.tenant.redeem(guest.id, account);
    this.turns.stir();
  }

  private wait(): void {
    const ms = this.one([3_000, MINUTE_MS, HOUR_MS, DAY_MS, 3 * DAY_MS]);
    this.note(`${ms / 1000} s`);
    this.pass(ms);
  }

  private async ungated<T>(look: () => Promise<T>): Promise<T> {
    this.turns.closed = false;
    const seen = await look();
    this.turns.closed = true;
    return seen;
  }

  private track(work: Promise<unknown>): void {
    const watched = work
      .catch((error: unknown) => this.faults.push(`thrown: ${error instanceof Error ? error.message : 'something'}`))
      .finally(() => this.open.delete(watched));
    this.open.add(watched);
    this.turns.stir();
  }

  private note(move: string): void {
    const { phase = '' } = this.latest() ?? {};
    const at = this.turns.waiting.map(({ actor, call }) => `${actor}:${call}`).slice(0, 3);
    this.moves.push(`${this.app.now().toISOString()} [${phase}; ${at.join(', ')}] ${move}`);
  }

  private latest(): MigrationRecord | undefined {
    return [...this.app.records.migrations.values()].at(-1);
  }

  private active(): MigrationRecord | undefined {
    return [...this.app.records.migrations.values()].find(({ phase }) => phase !== 'ended');
  }

  private waitsForPeople({ id, phase }: MigrationRecord): boolean {
    const next = this.app.host.engine.nextTimerAt()?.getTime() ?? Infinity;
    const idle = next - this.app.now().getTime() > 5 * MINUTE_MS;
    return idle && this.app.customPhase(id) === phase && /^(awaiting|needsOperator)/.test(phase);
  }

  private async answer({ id, phase, turnedBackAt }: MigrationRecord): Promise<void> {
    const { app } = this;
    const post = (what: string, body?: unknown): Promise<unknown> => app.post(`/migrations/${id}/${what}`, body);
    this.note('comes to rest');
    if (phase === 'awaitingApproval')
      await this.one([() => post('approve', { by: 'a' }), () => app.advance(3 * DAY_MS)])();
    if (phase === 'needsOperator') {
      await this.one([() => post('resend'), () => post('cancel'), () => post('cancel', { mode: 'revert' })])();
    }
    if (phase === 'awaitingRedemption') {
      const { newId } = app.row(id).guest;
      const { users } = await app.state();
      const waits = users.some((user) => user.id === newId && user.externalUserState === 'PendingAcceptance');
      // One who has accepted unnoticed is noticed by the watch.
      const accept = (): Promise<void> =>
        waits ? app.redeem(newId ?? '', turnedBackAt === null ? 'personal' : 'work') : app.advance(DAY_MS);
      await this.one([accept, accept, accept, () => app.advance(8 * DAY_MS)])();
    }
    await app.settle();
  }

  /** Goes on where the latest one ended, twice at the same time. */
  private async maybeResume(): Promise<boolean> {
    const row = this.latest();
    if (row === undefined || this.app.records.migrations.size > 3 || this.random() < 0.4) return false;
    const resume = (): Promise<TestAnswer> => this.app.request('POST', `/migrations/${row.id}/resume`);
    const answers = await Promise.all([resume(), resume()]);
    await this.app.settle();
    const taken = answers.filter(({ status }) => status === 202).length;
    this.note(`resumed: ${answers.map(({ status }) => status).join(' ')}`);
    if (taken > 1) this.faults.push('it was resumed twice');
    return taken > 0;
  }

  private one<T>(of: readonly T[]): T {
    const chosen = of[Math.floor(this.random() * of.length)];
    if (chosen === undefined) throw new Error('nothing to choose from');
    return chosen;
  }
}
