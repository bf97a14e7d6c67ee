import { guideToken } from '../../activities/guideLink';
import { guests, sharedMailbox } from '../../local/tenant/seed/ids';
import { createFleet, type Fleet } from '../support/fleetInProcess';
import { inProcessSettings } from '../support/switchInProcess';

/* The wait for a guest to whom the app writes itself, in the simulated tenant: its mailbox, its lag, its resets. */

const NAME = 'tomas';
const HOUR = 60;
const DAY = 24 * HOUR;

interface Mail {
  from?: string;
  to: string;
  subject: string;
  text?: string;
}

let fleet: Fleet;
beforeEach(async () => {
  fleet = createFleet({ ...inProcessSettings, invitationMail: 'mailbox', mailbox: sharedMailbox });
  await fleet.tenant.control('PUT', 'settings', { replicationMs: 4_000 });
});
afterEach(() => fleet.close());

const mails = async (): Promise<Mail[]> => (await fleet.tenant.state())['mails'] as Mail[];
const sendMailCalls = async () =>
  (await fleet.tenant.requests()).filter(({ method, path }) => method === 'POST' && path.endsWith('/sendMail'));
const start = (remindAfterDays: number[]) =>
  fleet.start(NAME, guests.tomas, 30, { rounds: 3, remindAfterDays }).then(() => fleet.minutes(3));

it('the guest is invited, reminded, told of the wrong account, and is back with the right one', async () => {
  await start([3, 7]);
  expect(fleet.row(NAME).phase).toBe('awaitingRedemption');
  await fleet.minutes(3 * DAY + HOUR, HOUR);
  expect(fleet.row(NAME).invitation).toMatchObject({ remindersSent: 1, rounds: 1 });
  await fleet.accept(NAME, 'work');
  await fleet.minutes(5);
  expect(fleet.row(NAME)).toMatchObject({ phase: 'awaitingRedemption', invitation: { remindersSent: 1, rounds: 2 } });
  await fleet.accept(NAME);
  await fleet.minutes(10);
  expect(fleet.row(NAME)).toMatchObject({ phase: 'ended', status: 'Succeeded', error: null });

  const sent = await mails();
  expect(sent.map(({ from, to }) => `${from?.split('@')[0] ?? 'Microsoft'} ${to}`)).toEqual([
    'guest-access tomas@outlook.example',
    'guest-access tomas@outlook.example',
    'guest-access tomas@outlook.example',
  ]);
  expect(new Set(sent.map(({ subject }) => subject)).size).toBe(3);
  for (const { text } of sent)
    expect(text).toContain(`/${NAME}/${guideToken(inProcessSettings.notificationSecret, NAME)}`);
  // The page of each round has its own link, which is in no mail.
  const links = await Promise.all([1, 2].map((round) => fleet.deps.documents.readRedeemUrl(NAME, round)));
  expect(new Set(links).size).toBe(2);
  expect(links).not.toContain(undefined);
  expect(JSON.stringify(sent)).not.toContain('ticket=');
});

it('answers of the mailbox that get lost: nothing is sent twice, and the wait goes on', async () => {
  const lost = { method: 'POST', path: '/sendMail$', times: 1, kind: 'lostAck' };
  await fleet.tenant.control('PUT', 'faults', [lost]);
  await start([1, 2]);
  expect(fleet.row(NAME).phase).toBe('awaitingRedemption');
  await fleet.tenant.control('PUT', 'faults', [lost]);
  await fleet.minutes(DAY + HOUR, HOUR);
  expect((await mails()).length).toBe(2);
  expect((await sendMailCalls()).length).toBe(2);
  expect(fleet.row(NAME).checks.find(({ id }) => id === 'guest-mail-sent')).toMatchObject({ ok: false });
  await fleet.minutes(DAY, HOUR);
  expect(await mails()).toHaveLength(3);
  expect(fleet.row(NAME).checks.find(({ id }) => id === 'guest-mail-sent')).toMatchObject({ ok: true });
});

it('an answer of the reset that gets lost: it is made once, and the guest is told once', async () => {
  await start([]);
  const isReset = { method: 'POST', path: '/invitations$', times: 1, kind: 'lostAck' };
  await fleet.tenant.control('PUT', 'faults', [isReset]);
  await fleet.accept(NAME, 'work');
  await fleet.minutes(10);
  expect(fleet.row(NAME)).toMatchObject({ phase: 'awaitingRedemption', invitation: { rounds: 2 } });
  const invitations = (await fleet.tenant.requests()).filter(
    ({ method, path }) => method === 'POST' && path.endsWith('/invitations'),
  );
  // The first one, the reset, and one without a mail for the link whose answer was lost.
  expect(invitations).toHaveLength(3);
  const resets = fleet.records.auditLog.filter(
    ({ action, stage }) => `${action} ${stage}` === 'resetRedemption before',
  );
  expect(resets).toHaveLength(1);
  expect(await mails()).toHaveLength(2);
});
