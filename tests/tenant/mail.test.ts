import { guests, sharedMailbox, staff } from '../../local/tenant/seed/ids';
import { TestTenant, nobody, type Json } from './support';

const SENDER = 'guest-access@fjellbekk.example';
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

const to = (...addresses: string[]) => addresses.map((address) => ({ emailAddress: { address } }));
const message = {
  subject: 'Your access moves',
  body: { contentType: 'Text', content: 'Please accept: https://portal.example/accept?a=1&b=2.' },
  toRecipients: to('mara@outlook.example'),
};
const send = (more: object = {}, sender: string = sharedMailbox) =>
  tenant.graph('POST', `/users/${sender}/sendMail`, { message: { ...message, ...more }, saveToSentItems: false });
const mailbox = (): Promise<Json> => tenant.control('GET', 'mailbox');
const page = async (): Promise<string> =>
  (await tenant.send('GET', '/_tenant/mailbox', undefined, { accept: 'text/html' })).text;

test('a mail is accepted without content and lands in the mailbox, with its text, beside invitations', async () => {
  await tenant.invite('new.guest@outlook.example', { sendInvitationMessage: true });
  const answer = await send();
  expect([answer.status, answer.text]).toEqual([202, '']);
  const [invitation, mail] = await mailbox();
  expect(invitation).toMatchObject({ to: 'new.guest@outlook.example', inviteRedeemUrl: expect.any(String) });
  expect(mail).toEqual({
    at: expect.any(String),
    from: SENDER,
    to: 'mara@outlook.example',
    subject: 'Your access moves',
    contentType: 'text',
    text: message.body.content,
  });
});

test('the sender may be named by name, everybody who is addressed gets the mail, and it comes twice when sent twice', async () => {
  const more = { ccRecipients: to('host@fjellbekk.example'), bccRecipients: to('audit@fjellbekk.example') };
  expect((await send({ ...more, replyTo: to('help@fjellbekk.example') }, SENDER)).status).toBe(202);
  await tenant.faults({ method: 'POST', path: '/sendMail$', kind: 'lostAck' });
  await expect(send()).rejects.toThrow();
  await send();
  const mails = await mailbox();
  expect(mails.map((mail: Json) => mail.to)).toEqual([
    'mara@outlook.example',
    'host@fjellbekk.example',
    'audit@fjellbekk.example',
    'mara@outlook.example',
    'mara@outlook.example',
  ]);
  expect(mails[0].replyTo).toEqual(['help@fjellbekk.example']);
});

test.each<[string, object, string]>([
  ['no recipients', { toRecipients: [] }, 'ErrorInvalidRecipients'],
  ['no list of recipients', { toRecipients: undefined }, 'ErrorInvalidRecipients'],
  ['an address that is none', { toRecipients: to('mara') }, 'ErrorInvalidRecipients'],
  ['one wrong address among others', { ccRecipients: to('a@b.example', '<x@y.example>') }, 'ErrorInvalidRecipients'],
  ['a recipient without the object around it', { toRecipients: ['mara@outlook.example'] }, 'RequestBodyRead'],
  ['a property that messages do not have', { text: 'Hello' }, 'RequestBodyRead'],
  ['another type of content', { body: { contentType: 'markdown', content: '*' } }, 'RequestBodyRead'],
  ['content that is no text', { body: { contentType: 'Text', content: 7 } }, 'RequestBodyRead'],
  [
    'a header that is not its own',
    { internetMessageHeaders: [{ name: 'Auto-Submitted', value: 'auto-generated' }] },
    'InvalidInternetMessageHeader',
  ],
])('%s is refused', async (_what, more, code) => {
  expect(await send(more)).toMatchObject({ status: 400, body: { error: { code } } });
  expect(await mailbox()).toEqual([]);
});

test('a body without a message, or with a flag that is none, is refused', async () => {
  const path = `/users/${sharedMailbox}/sendMail`;
  expect((await tenant.graph('POST', path, {})).body.error.code).toBe('ErrorInvalidParameter');
  expect((await tenant.graph('POST', path, { message, saveToSentItems: 'perhaps' })).status).toBe(400);
  expect((await tenant.graph('POST', path, { message, to: 'x' })).status).toBe(400);
  expect((await tenant.graph('POST', path)).status).toBe(400);
});

test('unknown users and users without a mailbox cannot send', async () => {
  for (const unknown of [nobody(), 'nobody@fjellbekk.example']) {
    expect(await send({}, unknown)).toMatchObject({ status: 404, body: { error: { code: 'ErrorInvalidUser' } } });
  }
  const guest = await send({}, guests.mara);
  expect(guest).toMatchObject({ status: 404, body: { error: { code: 'MailboxNotEnabledForRESTAPI' } } });
  expect((await send({}, staff.projectLead)).status).toBe(202);
});

test('sending as somebody else is refused', async () => {
  const foreign = await send({ from: to('sofia.bakke@fjellbekk.example')[0] });
  expect(foreign).toMatchObject({ status: 403, body: { error: { code: 'ErrorSendAsDenied' } } });
  expect((await send({ from: to(SENDER)[0] })).status).toBe(202);
});

test('the permission is needed, and an access policy may limit it to some mailboxes', async () => {
  await tenant.settings({ mailboxAccess: [SENDER.toUpperCase()] });
  expect((await send()).status).toBe(202);
  const other = await send({}, staff.projectLead);
  expect(other).toMatchObject({ status: 403, body: { error: { code: 'ErrorAccessDenied' } } });
  await tenant.settings({ mailboxAccess: 'all', grantedPermissions: ['User.ReadWrite.All', 'Directory.Read.All'] });
  tenant.forgetTokens();
  const refused = await send();
  expect(refused).toMatchObject({ status: 403, body: { error: { code: 'Authorization_RequestDenied' } } });
});

test('a mailbox sends thirty mails a minute', async () => {
  await tenant.settings({ throttling: 'microsoft' });
  const statuses = await Promise.all(Array.from({ length: 32 }, async () => (await send()).status));
  expect(statuses.filter((status) => status === 202).length).toBeGreaterThanOrEqual(30);
  const refused = await send();
  expect(refused.status).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
});

test('the page shows text with its links, and of HTML only words and links', async () => {
  await send();
  expect(await page()).toContain(
    '<a href="https://portal.example/accept?a=1&amp;b=2">https://portal.example/accept?a=1&amp;b=2</a>.',
  );
  const content =
    '<p>Hello <b>Mara</b> &amp; all</p><script>alert(1)</script><a href="https://x.example/?q=%22&amp;r=1">accept</a>';
  await send({ body: { contentType: 'HTML', content } });
  const shown = await page();
  expect(shown).toContain('Hello Mara &amp; all');
  expect(shown).toContain('<a href="https://x.example/?q=%22&amp;r=1">');
  expect(shown).not.toContain('<script');
  expect(shown).toContain(`from ${SENDER}`);
});
