import type { MigrationRecord } from '../../../domain/record';
import {
  CONSISTENCY_SECONDS,
  createWorld,
  INVITED_ADDRESS,
  MIGRATION_ID,
  OLD_ID,
  oldGuest,
  type ActivityWorld,
} from '../../support/activityWorld';
import type { DirectoryUser } from '../../support/memoryDirectory';
import { QUOTED_ADDRESS, refusal, type Call } from '../../support/recordedCalls';

const NEW_ID = '0ea00000-0000-4000-8000-000000000007';
const INVITATION = {
  sentAt: '2026-02-20T08:00:00.000Z',
  remindersSent: 0,
  expiresAt: '2026-03-22T08:00:00.000Z',
  rounds: 1,
};
/** Thirty days after the world's clock. */
const ANEW = '2026-03-31T08:00:00.000Z';
const WISH = { kind: 'resend', by: 'olga', at: '2026-03-01T07:00:00.000Z' } as const;

type Why = 'reminder' | 'resend' | 'wrongAccount' | 'turnedBack';

function guestOf({ id, displayName, userPrincipalName, mail, createdDateTime, identities }: DirectoryUser) {
  return { id, displayName, userPrincipalName, mail, createdDateTime, identities };
}

/** The invited guest; `issuer` accepted with that. */
function invited(issuer?: string, change: Partial<DirectoryUser> = {}): DirectoryUser {
  return {
    ...oldGuest(),
    id: NEW_ID,
    mail: INVITED_ADDRESS,
    externalUserState: issuer === undefined ? 'PendingAcceptance' : 'Accepted',
    identities: [{ signInType: 'federated', issuer: issuer ?? 'tenant.example', issuerAssignedId: null }],
    ...change,
  };
}

async function waiting(user: DirectoryUser, change: Partial<MigrationRecord> = {}, language: string | null = null) {
  const world = await createWorld({
    phase: 'awaitingRedemption',
    guest: { oldId: OLD_ID, newId: NEW_ID, displayName: null },
    invitation: INVITATION,
    ...change,
  });
  const snapshotHash = await world.storeSnapshot({ guest: { ...guestOf(oldGuest()), preferredLanguage: language } });
  world.directory.users.delete(OLD_ID);
  world.directory.users.set(NEW_ID, user);
  await world.documents.writeRedeemUrl(MIGRATION_ID, 1, 'https://login.example/first');
  const again = (why: Why, number = 1) =>
    world.run('inviteAgain', { migrationId: MIGRATION_ID, newId: NEW_ID, snapshotHash, why, number });
  return { world, again };
}

const isInvitation = ({ method, path }: Call): boolean => method === 'POST' && path === '/invitations';
const invitations = ({ directory }: ActivityWorld) => directory.graph.calls.filter(isInvitation);
const sent = (deadline?: string) => ({
  ok: true,
  value: { invitation: 'sent', ...(deadline === undefined ? {} : { deadline }) },
});
const stateOf = ({ directory }: ActivityWorld) => directory.users.get(NEW_ID)?.externalUserState;

/** Answers the next `times` invitations with the failure, before or after they take effect. */
function failing(
  world: ActivityWorld,
  how: 'refuse' | 'loseAnswer',
  error: () => ReturnType<typeof refusal>,
  times = 1,
) {
  let left = times;
  world.directory[how] = (call) => (isInvitation(call) && (left -= 1) >= 0 ? error() : undefined);
}

describe('a guest who still waits', () => {
  it('gets the same invitation again, in their language, and it is counted', async () => {
    const { world, again } = await waiting(invited());
    expect(await again('reminder')).toEqual(sent());
    expect(invitations(world).map(({ body }) => body)).toEqual([
      {
        invitedUserEmailAddress: INVITED_ADDRESS,
        inviteRedirectUrl: 'https://myapps.example',
        sendInvitationMessage: true,
      },
    ]);
    expect(world.row()).toMatchObject({ invitation: { ...INVITATION, remindersSent: 1 } });
    expect(world.documents.redeemUrls.get(`${MIGRATION_ID}/1`)).toContain('secret-ticket');
    expect(world.records.auditLog.map(({ action, stage }) => `${action} ${stage}`)).toEqual([
      'inviteAgain before',
      'inviteAgain after',
    ]);
  });

  it('is asked in the language of the snapshot, and without it when the directory does not know it', async () => {
    const { world, again } = await waiting(invited(), {}, 'de-AT');
    world.directory.refuse = (call) => {
      const { invitedUserMessageInfo: info } = (call.body ?? {}) as { invitedUserMessageInfo?: object };
      return info === undefined ? undefined : refusal(400, 'BadRequest', 'The language is not known.');
    };
    expect(await again('reminder')).toEqual(sent());
    expect(invitations(world).map(({ body }) => body)).toMatchObject([
      { invitedUserMessageInfo: { messageLanguage: 'de-AT' } },
      { sendInvitationMessage: true },
    ]);
  });

  it('is reminded once a number, however often the step runs', async () => {
    const { world, again } = await waiting(invited());
    await again('reminder');
    expect(await again('reminder')).toEqual(sent());
    await again('reminder', 2);
    expect(invitations(world)).toHaveLength(2);
    expect(world.row().invitation?.remindersSent).toBe(2);
  });

  it('gets the whole time anew when an operator has it repeated, and that wish is served', async () => {
    const { world, again } = await waiting(invited(), { wish: WISH });
    expect(await again('resend')).toEqual(sent(ANEW));
    expect(world.row()).toMatchObject({
      wish: null,
      invitation: { sentAt: '2026-03-01T08:00:00.000Z', expiresAt: ANEW, rounds: 1, remindersSent: 0 },
    });
    expect(await again('resend')).toEqual(sent(ANEW));
    expect(invitations(world)).toHaveLength(1);
  });

  it('a wish that came meanwhile stays, and so does any other one', async () => {
    const { world, again } = await waiting(invited(), { wish: WISH });
    const later = { ...WISH, at: '2026-03-01T08:00:01.000Z' };
    world.directory.loseAnswer = (call) => {
      if (isInvitation(call)) world.records.migrations.set(MIGRATION_ID, { ...world.row(), wish: later });
      return undefined;
    };
    await again('resend');
    expect(world.row().wish).toEqual(later);
    world.directory.loseAnswer = () => undefined;
    await world.records.updateMigration(MIGRATION_ID, { wish: { ...later, kind: 'revert' } });
    await again('resend', 2);
    expect(world.row().wish?.kind).toBe('revert');
  });

  it('who accepted with the right account meanwhile is not disturbed, and the wish is served', async () => {
    const { world, again } = await waiting(invited('MicrosoftAccount'), { wish: WISH });
    for (const why of ['reminder', 'resend', 'wrongAccount'] as const) {
      expect(await again(why)).toEqual({ ok: true, value: { invitation: 'accepted' } });
    }
    expect(world.directory.writes()).toEqual([]);
    expect(world.row()).toMatchObject({ wish: null, invitation: INVITATION });
  });

  it('an invitation that comes back with another account is not ours', async () => {
    const { world, again } = await waiting(invited());
    world.directory.freezeReads();
    // Meanwhile the guest is gone, and the address belongs to somebody else.
    world.directory.users.delete(NEW_ID);
    world.directory.users.set(OLD_ID, { ...oldGuest(), mail: INVITED_ADDRESS });
    expect(await again('resend')).toMatchObject({ ok: false, failure: { code: 'invited-someone-else' } });
    expect(world.row().invitation).toEqual(INVITATION);
  });
});

describe('a guest who accepted with the wrong account', () => {
  it('is reset, and told again, under the next round', async () => {
    const { world, again } = await waiting(invited('ExternalAzureAD'), { verdict: 'work' });
    expect(await again('wrongAccount', 2)).toEqual(sent());
    expect(invitations(world).map(({ body }) => body)).toMatchObject([
      { resetRedemption: true, invitedUser: { id: NEW_ID }, sendInvitationMessage: true },
    ]);
    expect(stateOf(world)).toBe('PendingAcceptance');
    expect(world.row()).toMatchObject({
      verdict: null,
      invitation: { ...INVITATION, sentAt: expect.any(String), rounds: 2 },
    });
    expect(world.documents.redeemUrls.get(`${MIGRATION_ID}/2`)).toContain('secret-ticket');
    expect(await again('wrongAccount', 2)).toEqual(sent());
    expect(invitations(world)).toHaveLength(1);
  });

  it('is not reset by a reminder', async () => {
    const { world, again } = await waiting(invited('ExternalAzureAD'));
    expect(await again('reminder')).toEqual({ ok: true, value: { invitation: 'accepted' } });
    expect(world.directory.writes()).toEqual([]);
  });

  it('is reset when an operator wants it', async () => {
    const { world, again } = await waiting(invited('mail'), { wish: WISH, phase: 'needsOperator' });
    expect(await again('resend')).toEqual(sent(ANEW));
    expect(invitations(world)[0]?.body).toMatchObject({ resetRedemption: true });
    expect(world.row()).toMatchObject({ wish: null, invitation: { rounds: 2 } });
  });

  it('gets the address first, besides those there are', async () => {
    const user = invited('ExternalAzureAD', { mail: 'other@work.example', otherMails: ['more@work.example'] });
    const { world, again } = await waiting(user);
    expect(await again('wrongAccount', 2)).toEqual(sent());
    expect(world.directory.writes()).toMatchObject([
      { method: 'PATCH', path: `/users/${NEW_ID}`, body: { otherMails: ['more@work.example', INVITED_ADDRESS] } },
      { path: '/invitations' },
    ]);
  });

  it('an address that invitations do not know yet is waited for, and a refusal that lasts is told', async () => {
    const { world, again } = await waiting(invited('ExternalAzureAD'));
    const text = "The email you're using to invite this user doesn't match any emails on the user object.";
    failing(world, 'refuse', () => refusal(400, 'BadRequest', text), 2);
    expect(await again('wrongAccount', 2)).toEqual({ ok: false, afterSeconds: 15 });
    expect(await again('wrongAccount', 2)).toEqual({ ok: false, afterSeconds: 15 });
    expect(await again('wrongAccount', 2)).toEqual(sent());

    failing(world, 'refuse', () => refusal(400, 'BadRequest', text), Infinity);
    world.directory.users.set(NEW_ID, invited('ExternalAzureAD'));
    expect(await again('wrongAccount', 3)).toEqual({ ok: false, afterSeconds: 15 });
    world.advanceSeconds(15 * 60);
    expect(await again('wrongAccount', 3)).toEqual({ ok: true, value: { invitation: 'refused' } });
  });

  it.each([
    ['the permission is missing', 403, 'Guest invitations not allowed for your company.'],
    ['the guest has roles', 403, 'Generic authorization exception.'],
    ['the account is blocked', 412, 'The invited user already exists in the directory, but the account is blocked'],
  ])('is left as it is when %s: an operator has to see to it', async (_why, status, text) => {
    const { world, again } = await waiting(invited('ExternalAzureAD'));
    failing(world, 'refuse', () => refusal(status, 'Forbidden', text));
    expect(await again('wrongAccount', 2)).toEqual({ ok: true, value: { invitation: 'refused' } });
    expect(world.row()).toMatchObject({ invitation: INVITATION });
    expect(world.row().checks.find(({ id }) => id === 'invited-again')).toMatchObject({
      ok: false,
      severity: 'warning',
    });
    expect(JSON.stringify([world.row().checks, world.logLines, world.records.auditLog])).not.toContain(QUOTED_ADDRESS);
  });
});

describe('on the way back', () => {
  const back = { turnedBackAt: '2026-03-01T07:59:00.000Z', verdict: 'personal' } as const;

  it('the personal account is the wrong one, and the own address is invited, with the whole time', async () => {
    const { world, again } = await waiting(invited('MicrosoftAccount', { mail: 'ada@work.example' }), back);
    expect(await again('turnedBack')).toEqual(sent(ANEW));
    expect(invitations(world)[0]?.body).toMatchObject({
      invitedUserEmailAddress: 'ada@work.example',
      resetRedemption: true,
    });
    expect(world.row()).toMatchObject({ verdict: null, invitation: { expiresAt: ANEW, rounds: 2 } });
  });

  it('the work account is the right one', async () => {
    const { again } = await waiting(invited('ExternalAzureAD', { mail: 'ada@work.example' }), back);
    expect(await again('wrongAccount', 2)).toEqual({ ok: true, value: { invitation: 'accepted' } });
  });

  it('the work account may be that of before, until reads had time to catch up with a reset right before', async () => {
    const turnedBackAt = '2026-03-01T08:00:00.000Z';
    const { world, again } = await waiting(invited('ExternalAzureAD'), { turnedBackAt });
    expect(await again('turnedBack')).toEqual({ ok: false, afterSeconds: 10 });
    world.advanceSeconds(CONSISTENCY_SECONDS);
    expect(await again('turnedBack')).toEqual({ ok: true, value: { invitation: 'accepted' } });
    expect(invitations(world)).toEqual([]);
  });

  it('a round of the same number as one of the way there is another one', async () => {
    const claim = { why: 'wrongAccount', number: 2, at: '2026-03-01T07:00:00.000Z', done: true };
    const user = invited('MicrosoftAccount', { mail: 'ada@work.example' });
    const { world, again } = await waiting(user, { ...back, invitedAgain: claim });
    expect(await again('wrongAccount', 2)).toEqual(sent());
    expect(invitations(world)).toHaveLength(1);
  });
});

describe('answers that get lost', () => {
  it('a reminder counts and is not sent again', async () => {
    const { world, again } = await waiting(invited());
    failing(world, 'loseAnswer', () => refusal(504, 'GatewayTimeout'));
    await expect(again('reminder')).rejects.toThrow('504');
    expect(await again('reminder')).toEqual(sent());
    expect(invitations(world)).toHaveLength(1);
    expect(world.row().invitation?.remindersSent).toBe(1);
  });

  it('a reset that took effect is found, and its link is asked for without a mail', async () => {
    const { world, again } = await waiting(invited('ExternalAzureAD'));
    failing(world, 'loseAnswer', () => refusal(0, 'timeout'));
    await expect(again('wrongAccount', 2)).rejects.toThrow('timeout');
    expect(await again('wrongAccount', 2)).toEqual(sent());
    expect(invitations(world).map(({ body }) => body)).toMatchObject([
      { resetRedemption: true },
      { sendInvitationMessage: false },
    ]);
    expect(world.row().invitation?.rounds).toBe(2);
    expect(world.documents.redeemUrls.has(`${MIGRATION_ID}/2`)).toBe(true);
  });

  it('a reset that does not show yet is waited for and found', async () => {
    const { world, again } = await waiting(invited('ExternalAzureAD'));
    world.directory.freezeReads();
    failing(world, 'loseAnswer', () => refusal(0, 'timeout'));
    await expect(again('wrongAccount', 2)).rejects.toThrow('timeout');
    for (let waited = 0; waited < CONSISTENCY_SECONDS; waited += 10) {
      expect(await again('wrongAccount', 2)).toEqual({ ok: false, afterSeconds: 10 });
      world.advanceSeconds(10);
    }
    world.directory.catchUp();
    expect(await again('wrongAccount', 2)).toEqual(sent());
    expect(invitations(world).filter(({ body }) => (body as { resetRedemption?: true }).resetRedemption)).toHaveLength(
      1,
    );
  });

  it('a reset that was never made is made after the consistency time', async () => {
    const { world, again } = await waiting(invited('ExternalAzureAD'));
    failing(world, 'refuse', () => refusal(500, 'InternalServerError'));
    await expect(again('wrongAccount', 2)).rejects.toThrow('500');
    world.advanceSeconds(CONSISTENCY_SECONDS - 1);
    expect(await again('wrongAccount', 2)).toEqual({ ok: false, afterSeconds: 1 });
    world.advanceSeconds(1);
    expect(await again('wrongAccount', 2)).toEqual(sent());
    expect(stateOf(world)).toBe('PendingAcceptance');
  });

  it('two executions at once invite once', async () => {
    const { world, again } = await waiting(invited());
    const both = await Promise.allSettled([again('reminder'), again('reminder')]);
    expect(invitations(world)).toHaveLength(1);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await again('reminder')).toEqual(sent());
    expect(world.row().invitation?.remindersSent).toBe(1);
  });
});

describe('what was surely not done', () => {
  it('is tried again after the wait that the service asks for', async () => {
    const { world, again } = await waiting(invited());
    failing(world, 'refuse', () => refusal(429, 'TooManyRequests', '', { retryAfterSeconds: 12 }));
    expect(await again('reminder')).toEqual({ ok: false, afterSeconds: 12 });
    expect(await again('reminder')).toEqual(sent());
    expect(world.row().invitation?.remindersSent).toBe(1);
  });

  it('a reminder is left out after a quarter of an hour, or when the wait is longer', async () => {
    const { world, again } = await waiting(invited());
    failing(world, 'refuse', () => refusal(429, 'TooManyRequests', '', { retryAfterSeconds: 60 }), Infinity);
    expect(await again('reminder')).toEqual({ ok: false, afterSeconds: 60 });
    world.advanceSeconds(15 * 60);
    expect(await again('reminder')).toEqual(sent());
    failing(world, 'refuse', () => refusal(429, 'TooManyRequests', '', { retryAfterSeconds: 3600 }), Infinity);
    expect(await again('reminder', 2)).toEqual(sent());
    expect(world.row().invitation?.remindersSent).toBe(0);
    expect(world.row().checks.map(({ id }) => id)).toEqual(['invited-again']);
  });

  it('a reminder that is refused is left out, so that the run goes on waiting', async () => {
    const { world, again } = await waiting(invited());
    failing(world, 'refuse', () => refusal(403, 'Forbidden', 'Guest invitations not allowed'));
    expect(await again('reminder')).toEqual(sent());
    expect(world.row()).toMatchObject({ invitation: INVITATION, checks: [{ id: 'invited-again', ok: false }] });
  });

  const block = () =>
    refusal(403, 'Forbidden', 'Invitations are blocked for this directory due to suspicious activity.');

  it('a block of the tenant opens the breaker; a reminder is left out, anything else is put off', async () => {
    const { world, again } = await waiting(invited());
    failing(world, 'refuse', block, Infinity);
    expect(await again('reminder')).toEqual(sent());
    expect(world.row().invitation?.remindersSent).toBe(0);
    expect(world.records.controls.has('inviteBreaker')).toBe(true);
    expect(await again('resend')).toMatchObject({ ok: false, afterSeconds: 15 * 60 });
    expect(invitations(world)).toHaveLength(1);
    expect(world.row().checks.map(({ id }) => id)).toContain('invitation-held-back');
    world.directory.refuse = () => undefined;
    world.advanceSeconds(15 * 60);
    const expected = new Date(Date.parse(ANEW) + 15 * 60_000).toISOString();
    expect(await again('resend')).toEqual(sent(expected));
    expect(world.row().checks.find(({ id }) => id === 'invitation-held-back')).toMatchObject({ ok: true });
  });
});

it('the invitation of an ended migration, or of a guest who is not its own, is not sent', async () => {
  const { world, again } = await waiting(invited(), { phase: 'ended' });
  await expect(again('reminder')).rejects.toThrow();
  await world.records.updateMigration(MIGRATION_ID, {
    phase: 'awaitingRedemption',
    guest: { oldId: OLD_ID, newId: OLD_ID, displayName: null },
  });
  await expect(again('reminder')).rejects.toThrow();
  expect(world.directory.writes()).toEqual([]);
});

it('a migration that goes on from another begins with its first round', async () => {
  const { world, again } = await waiting(invited(), { invitation: null });
  world.documents.redeemUrls.clear();
  expect(await again('resend')).toEqual(sent(ANEW));
  expect(world.row().invitation).toMatchObject({ rounds: 1, expiresAt: ANEW, remindersSent: 0 });
  expect(world.documents.redeemUrls.has(`${MIGRATION_ID}/1`)).toBe(true);
});
