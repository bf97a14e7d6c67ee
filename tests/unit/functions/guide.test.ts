import { guideToken } from '../../../activities/guideLink';
import type { MigrationRecord } from '../../../domain/record';
import { createTestApp, NEW_ID, NOTIFICATION_SECRET, recordWith, GUEST_ID, type TestApp } from '../../support/testApp';

const ID = 'm-guide';
const TOKEN = guideToken(NOTIFICATION_SECRET, ID);
const PAGE = `/api/guide/${ID}/${TOKEN}`;
const FIRST = 'https://login.example/redeem?ticket=first';
const invitation = {
  sentAt: '2026-11-02T07:00:00.000Z',
  remindersSent: 0,
  expiresAt: '2026-12-02T07:00:00.000Z',
  rounds: 1,
};

let app: TestApp;
beforeEach(() => {
  app = createTestApp();
  waiting({});
  app.redeemUrls.set(`${ID}/1`, FIRST);
});

function waiting(change: Partial<MigrationRecord>): void {
  const guest = { oldId: GUEST_ID, newId: NEW_ID, displayName: 'Ada Lovelace' };
  const row = recordWith({ id: ID, phase: 'awaitingRedemption', status: 'Running', guest, invitation, ...change });
  const request = { ...row.request, inviteEmail: 'ada@outlook.example' };
  app.records.migrations.set(ID, { ...row, request, snapshotHash: 'a'.repeat(64) });
  app.snapshots.set(ID, {
    version: 1,
    migrationId: ID,
    takenAt: invitation.sentAt,
    tenantId: GUEST_ID,
    guest: {
      id: GUEST_ID,
      displayName: 'Ada Lovelace',
      userPrincipalName: 'ada_work.example#EXT#@switch.example',
      mail: 'ada@work.example',
      preferredLanguage: null,
      createdDateTime: null,
      identities: [],
    },
    sponsorIds: [],
    grants: [],
  });
}

const page = (path = PAGE, headers: Record<string, string> = {}) => app.call('GET', path, { headers });
const accept = (path = `${PAGE}/accept`) =>
  app.call('POST', path, { headers: { 'content-type': 'application/x-www-form-urlencoded' } });

describe('the page', () => {
  it('tells what to do and with which account, without the whole address, name or link', async () => {
    const answer = await page();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.text).toContain('<html lang="en">');
    expect(answer.text).toContain('Your guest access to Contoso');
    expect(answer.text).toContain('personal Microsoft account (a•••@outlook.example)');
    expect(answer.text).toContain('December 2, 2026');
    expect(answer.text).toContain(`<form method="post" action="https://switch.example${PAGE}/accept">`);
    expect(answer.text.match(/<h1>/g)).toHaveLength(1);
    expect(answer.text).not.toMatch(/\{\{|\}\}|ada@|Lovelace|login\.example/);
  });

  it('loads nothing, is not kept, indexed or framed, and tells no other site of itself', async () => {
    const { headers, text } = await page();
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-robots-tag')).toContain('noindex');
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]+=*'; form-action .*frame-ancestors 'none'$/,
    );
    expect(text).not.toMatch(/<script|<img|<link|<iframe|\ssrc=|\son\w+=|style="/);
  });

  it.each([
    ['?lang=de', {}, 'de'],
    ['', { 'accept-language': 'sv, fr-CA;q=0.8, en;q=0.5' }, 'fr'],
    ['?lang=ja', { 'accept-language': 'de' }, 'ja'],
    ['?lang=xx', { 'accept-language': 'nl' }, 'nl'],
    ['?lang=%3Cscript%3E', {}, 'en'],
    ['', {}, 'en'],
  ])('%s with %j is in %s, and leads to every other language', async (query, headers, language) => {
    const { text } = await page(PAGE + query, headers);
    expect(text).toContain(`<html lang="${language}">`);
    expect(text.match(/\?lang=\w\w"/g)).toHaveLength(8);
    expect(text).not.toContain('<script');
  });

  it('opened by programs that look at mails, it changes nothing', async () => {
    const before = structuredClone([...app.records.migrations]);
    for (let time = 0; time < 3; time += 1) await page();
    expect([...app.records.migrations]).toEqual(before);
    expect((await accept()).headers.get('location')).toBe(FIRST);
  });

  it('on the way back asks for the work account', async () => {
    waiting({ turnedBackAt: '2026-11-02T07:30:00.000Z' });
    const { text } = await page();
    expect(text).toContain('account of your work or school (a•••@work.example)');
    expect(text).not.toContain('personal Microsoft account');
  });

  it('escapes what is not its own', async () => {
    app.services.organizationName = () => Promise.resolve('<b>"R&D"</b>');
    expect((await page()).text).toContain('&lt;b&gt;&quot;R&amp;D&quot;&lt;/b&gt;');
  });

  it.each<[string, Partial<MigrationRecord>]>([
    ['has ended', { phase: 'ended' }],
    ['has not invited anybody yet', { phase: 'deleting', invitation: null }],
    ['restores already', { phase: 'restoring' }],
    ['knows with what the guest accepted', { verdict: 'work' }],
  ])('of a migration that %s says that there is nothing to do', async (_what, change) => {
    waiting(change);
    for (const answer of [await page(), await accept()]) {
      expect(answer.status).toBe(200);
      expect(answer.text).toContain('There is nothing to do here');
      expect(answer.text).not.toContain('<form');
    }
  });
});

describe('the way to the invitation', () => {
  it('is that of the present round', async () => {
    const answer = await accept();
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(FIRST);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    waiting({ invitation: { ...invitation, rounds: 2 } });
    app.redeemUrls.set(`${ID}/2`, 'https://login.example/second');
    expect((await accept()).headers.get('location')).toBe('https://login.example/second');
  });

  it('without a link leads to where a pending guest is asked as well', async () => {
    app.redeemUrls.clear();
    expect((await accept()).headers.get('location')).toBe('https://myapps.example');
  });

  it('neither link nor token is logged', async () => {
    await page();
    await accept();
    expect(app.logLines.join('\n')).not.toMatch(/ticket|guide/);
  });
});

it('a wrong token, an unknown id and an id that is none get the same answer', async () => {
  const other = guideToken(NOTIFICATION_SECRET, 'm-unknown');
  const flipped = `${TOKEN.startsWith('A') ? 'B' : 'A'}${TOKEN.slice(1)}`;
  const paths = [
    `/api/guide/${ID}/${flipped}`,
    `/api/guide/${ID}/${other}`,
    `/api/guide/m-unknown/${other}`,
    `/api/guide/m-unknown/x`,
    `/api/guide/..%2f..%2fx/${TOKEN}`,
    `/api/guide/${ID}/${'x'.repeat(5000)}`,
  ];
  const answers = await Promise.all(paths.flatMap((path) => [page(path), accept(`${path}/accept`)]));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(answers[0]).toMatchObject({ status: 404 });
  expect(answers[0]?.text).toContain('This page does not exist');
});

it('the token depends on the whole secret and is no part of it', () => {
  expect(guideToken(`${NOTIFICATION_SECRET}.`, ID)).not.toBe(TOKEN);
  expect(TOKEN).toMatch(/^[\w-]{43}$/);
});

it('the link is in the migration while the guest is waited for', async () => {
  const links = async () =>
    ((await app.call('GET', `/api/migrations/${ID}`)).json as { links: { guide?: string } }).links;
  expect((await links()).guide).toBe(`https://switch.example${PAGE}`);
  waiting({ phase: 'restoring' });
  expect((await links()).guide).toBeUndefined();
});
