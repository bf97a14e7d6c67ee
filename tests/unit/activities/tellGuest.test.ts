import type { ActivitySettings } from '../../../activities/activity';
import { guideLink } from '../../../activities/guideLink';
import type { MigrationRecord } from '../../../domain/record';
import { createWorld, INVITED_ADDRESS, MIGRATION_ID, OLD_ID, oldGuest } from '../../support/activityWorld';
import { QUOTED_ADDRESS, refusal, type Call } from '../../support/recordedCalls';

/* Ways to write to the guest other than Microsoft's own mail. */

const DEADLINE = '2026-03-31T08:00:00.000Z';
const MAILBOX = 'guests@tenant.example';

async function worldWith(
  invitationMail: ActivitySettings['invitationMail'],
  change: Partial<MigrationRecord> = {},
  language: string | null = null,
) {
  const world = await createWorld({ phase: 'inviting', ...change });
  Object.assign(world.deps.settings, { invitationMail, mailbox: MAILBOX });
  const { id, displayName, userPrincipalName, mail, createdDateTime, identities } = oldGuest();
  const guest = { id, displayName, userPrincipalName, mail, preferredLanguage: language, createdDateTime, identities };
  const snapshotHash = await world.storeSnapshot({ guest });
  world.directory.users.delete(OLD_ID);
  const invite = () =>
    world.run('inviteGuest', { migrationId: MIGRATION_ID, guestId: OLD_ID, snapshotHash, deadline: DEADLINE });
  const again = (why: 'reminder' | 'resend' | 'wrongAccount' | 'turnedBack', number = 1) =>
    world.run('inviteAgain', { migrationId: MIGRATION_ID, newId: newIdOf(), snapshotHash, why, number });
  const newIdOf = () => world.row().guest.newId ?? '';
  const accept = (issuer: string) => {
    const user = world.directory.users.get(newIdOf());
    if (user === undefined) throw new Error('Nobody was invited.');
    Object.assign(user, {
      externalUserState: 'Accepted',
      identities: [{ signInType: 'federated', issuer, issuerAssignedId: null }],
    });
  };
  return { world, invite, again, accept };
}

const isMail = ({ path }: Call): boolean => path.endsWith('/sendMail');
const isInvitation = ({ method, path }: Call): boolean => method === 'POST' && path === '/invitations';
const mailRow = ({ checks }: MigrationRecord) => checks.find(({ id }) => id === 'guest-mail-sent');

describe('through a mailbox', () => {
  it('the first invitation is a mail of ours in the language of the guest, with the link and nothing of Microsoft', async () => {
    const { world, invite } = await worldWith('mailbox', {}, 'de-CH');
    expect(await invite()).toMatchObject({ ok: true });
    expect(world.directory.graph.calls.find(isInvitation)?.body).toMatchObject({ sendInvitationMessage: false });
    const [mail, ...others] = world.directory.mails;
    expect(others).toEqual([]);
    expect(mail).toMatchObject({
      message: {
        subject: 'Contoso: Bitte bestätigen Sie Ihren neuen Gastzugang',
        body: { contentType: 'Text' },
        toRecipients: [{ emailAddress: { address: INVITED_ADDRESS } }],
      },
      saveToSentItems: false,
    });
    const content = mail?.message.body.content ?? '';
    expect(content).toContain('Guten Tag Ada Lovelace,');
    expect(content).toContain(`persönliches Microsoft-Konto (${INVITED_ADDRESS})`);
    expect(content).toContain(guideLink(world.deps.settings, MIGRATION_ID, 'de'));
    expect(content).toContain('31. März 2026');
    expect(content).not.toMatch(/[{}]|secret-ticket/);
  });

  it('each reason has its mail; a reminder needs no further invitation', async () => {
    const { world, invite, again, accept } = await worldWith('mailbox');
    await invite();
    await world.records.updateMigration(MIGRATION_ID, { phase: 'awaitingRedemption' });
    await again('reminder');
    expect(world.directory.graph.calls.filter(isInvitation)).toHaveLength(1);
    await again('resend');
    accept('ExternalAzureAD');
    await again('wrongAccount', 2);
    const subjects = world.directory.mails.map(({ message }) => message.subject);
    expect(subjects).toEqual([
      'Contoso: please confirm your new guest access',
      'Reminder from Contoso: your guest access is waiting for you',
      'Reminder from Contoso: your guest access is waiting for you',
      'Contoso: please accept again, with the other account',
    ]);
    expect(world.directory.graph.calls.filter(isInvitation)).toHaveLength(3);
    expect(world.row().invitation).toMatchObject({ remindersSent: 1, rounds: 2 });
    expect([...world.documents.redeemUrls.keys()]).toEqual([`${MIGRATION_ID}/1`, `${MIGRATION_ID}/2`]);
  });

  it('on the way back the work account is to be picked', async () => {
    const { world, invite } = await worldWith('mailbox', { turnedBackAt: '2026-03-01T07:00:00.000Z' });
    await invite();
    expect(world.directory.mails[0]?.message.toRecipients).toEqual([{ emailAddress: { address: 'ada@work.example' } }]);
    expect(world.directory.mails[0]?.message.body.content).toMatch(
      /was taken back.*pick the account of your work or school \(ada@work\.example\)/s,
    );
  });

  it('a mail whose answer was lost is not sent twice, and the migration goes on with a warning', async () => {
    const { world, invite } = await worldWith('mailbox');
    world.directory.loseAnswer = (call) => (isMail(call) ? refusal(504, 'GatewayTimeout') : undefined);
    const first = await invite();
    expect(first).toMatchObject({ ok: true });
    expect(await invite()).toEqual(first);
    expect(world.directory.mails).toHaveLength(1);
    expect(mailRow(world.row())).toMatchObject({ ok: false, severity: 'warning' });
  });

  it('a process that dies between mail and row does not send it twice', async () => {
    const { world, invite } = await worldWith('mailbox');
    let dead = false;
    world.directory.loseAnswer = (call) => {
      dead ||= isMail(call);
      return undefined;
    };
    world.records.before = () => {
      if (dead) throw new Error('the process dies');
    };
    await expect(invite()).rejects.toThrow();
    world.records.before = () => undefined;
    expect(await invite()).toMatchObject({ ok: true });
    expect(world.directory.mails).toHaveLength(1);
  });

  it('a busy mailbox is waited for, and the guest is invited once', async () => {
    const { world, invite } = await worldWith('mailbox');
    let busy = 2;
    world.directory.refuse = (call) =>
      isMail(call) && (busy -= 1) >= 0
        ? refusal(429, 'ApplicationThrottled', '', { retryAfterSeconds: 20 })
        : undefined;
    expect(await invite()).toEqual({ ok: false, afterSeconds: 20 });
    expect(await invite()).toEqual({ ok: false, afterSeconds: 20 });
    expect(await invite()).toMatchObject({ ok: true });
    expect(world.directory.mails).toHaveLength(1);
    expect(world.directory.graph.calls.filter(isInvitation)).toHaveLength(1);
    expect(mailRow(world.row())).toBeUndefined();
  });

  it('a mailbox that stays busy costs a warning, not the migration', async () => {
    const { world, invite } = await worldWith('mailbox');
    world.directory.refuse = (call) =>
      isMail(call) ? refusal(429, 'ApplicationThrottled', '', { retryAfterSeconds: 20 }) : undefined;
    expect(await invite()).toEqual({ ok: false, afterSeconds: 20 });
    world.advanceSeconds(15 * 60);
    expect(await invite()).toMatchObject({ ok: true });
    expect(mailRow(world.row())).toMatchObject({ ok: false });
  });

  it('a mailbox that may not be used costs a warning, which a later mail takes back; no address is told', async () => {
    const { world, invite, again } = await worldWith('mailbox');
    world.directory.refuse = (call) => (isMail(call) ? refusal(403, 'ErrorAccessDenied', 'Access denied') : undefined);
    const first = await invite();
    expect(first).toMatchObject({ ok: true });
    expect(await invite()).toEqual(first);
    expect(world.directory.graph.calls.filter(isMail)).toHaveLength(1);
    expect(mailRow(world.row())).toMatchObject({ ok: false, detail: expect.stringContaining('403 ErrorAccessDenied') });
    const reminded = await again('reminder');
    expect(reminded).toMatchObject({ ok: true });
    expect(world.row().invitation?.remindersSent).toBe(0);
    world.directory.refuse = () => undefined;
    await again('resend');
    expect(mailRow(world.row())).toMatchObject({ ok: true });
    const said = JSON.stringify([first, reminded, world.row().checks, world.logLines, world.records.auditLog]);
    expect(said).not.toContain('@');
    expect(said).not.toContain(QUOTED_ADDRESS);
    expect(said).not.toContain('/guide/');
  });

  it('a reset whose mail has to wait is made once, and its link is asked for once', async () => {
    const { world, invite, again, accept } = await worldWith('mailbox');
    await invite();
    accept('ExternalAzureAD');
    let busy = 3;
    world.directory.refuse = (call) =>
      isMail(call) && (busy -= 1) >= 0 ? refusal(429, 'ApplicationThrottled') : undefined;
    for (let time = 0; time < 3; time += 1)
      expect(await again('wrongAccount', 2)).toEqual({ ok: false, afterSeconds: 10 });
    expect(await again('wrongAccount', 2)).toMatchObject({ value: { invitation: 'sent' } });
    expect(world.directory.graph.calls.filter(isInvitation)).toHaveLength(2);
    expect(world.directory.mails).toHaveLength(2);
    expect(world.row().invitation?.rounds).toBe(2);
  });

  it('after a lost answer of the invitation its link is asked for again: nobody else has it', async () => {
    const { world, invite } = await worldWith('mailbox');
    let lost = 1;
    world.directory.loseAnswer = (call) => (isInvitation(call) && (lost -= 1) >= 0 ? refusal(0, 'timeout') : undefined);
    await expect(invite()).rejects.toThrow('timeout');
    expect(await invite()).toMatchObject({ ok: true });
    expect(world.directory.users.size).toBe(1);
    expect(world.documents.redeemUrls.has(`${MIGRATION_ID}/1`)).toBe(true);
    expect(world.directory.mails).toHaveLength(1);
  });

  it('what a directory says of people puts neither lines nor placeholders into a mail', async () => {
    const { world, invite } = await worldWith('mailbox');
    world.deps.organizationName = () => Promise.resolve('Evil\r\nBcc: all@contoso.example {guide}');
    await invite();
    const subject = world.directory.mails[0]?.message.subject ?? '';
    expect(subject).toBe('Evil Bcc: all@contoso.example {guide}: please confirm your new guest access');
  });
});

describe('by the caller', () => {
  const callbackUrl = 'https://hooks.example/in';

  it('an event is stored for each invitation, once, and Microsoft sends no mail', async () => {
    const { world, invite, again, accept } = await worldWith('caller');
    await world.records.updateMigration(MIGRATION_ID, { request: { ...world.row().request, callbackUrl } });
    await invite();
    await invite();
    await again('reminder');
    await again('reminder', 2);
    accept('ExternalAzureAD');
    await again('wrongAccount', 2);
    const events = await world.records.readCallbacks(MIGRATION_ID);
    expect(events.map(({ data }) => data.invitation)).toEqual([
      { why: 'invitation', number: 1, account: 'personal' },
      { why: 'reminder', number: 1, account: 'personal' },
      { why: 'reminder', number: 2, account: 'personal' },
      { why: 'wrongAccount', number: 2, account: 'personal' },
    ]);
    const bodies = world.directory.graph.calls.filter(isInvitation).map(({ body }) => body);
    expect(bodies.map((body) => (body as { sendInvitationMessage: boolean }).sendInvitationMessage)).toEqual([
      false,
      false,
    ]);
    expect(JSON.stringify(events)).not.toMatch(/@|secret-ticket|guide\//);
    expect(world.row().invitation).toMatchObject({ remindersSent: 2, rounds: 2 });
  });

  it('a caller without an address for events finds the link in the migration', async () => {
    const { world, invite } = await worldWith('caller');
    expect(await invite()).toMatchObject({ ok: true });
    expect(world.records.callbacks.size).toBe(0);
  });
});
