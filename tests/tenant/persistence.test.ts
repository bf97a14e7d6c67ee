import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { guests } from '../../local/tenant/seed/ids';
import { TenantClient, Webhook, until, type Json } from './support';

const { ines } = guests;

/** The compiled tenant: `npm test` builds it; TENANT_DIST names another output folder of the same build. */
const dist = process.env['TENANT_DIST'] ?? path.resolve(__dirname, '../../dist');
const main = path.join(dist, 'local/tenant/main.js');

interface Running {
  child: ChildProcess;
  client: TenantClient;
  port: number;
  certFile: string;
}

let dataDir: string;
let running: Running | undefined;

beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'tenant-'));
});
afterEach(async () => {
  if (running !== undefined) await kill(running, 'SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(...more: string[]): Promise<Running> {
  if (!existsSync(main)) throw new Error(`${main} is missing: run npm run build first`);
  const child = fork(main, ['--port', '0', '--data', dataDir, ...more], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const ready = new Promise<{ port: number; certFile: string }>((resolve, reject) => {
    child.once('message', (message: Json) => resolve(message.ready));
    child.once('exit', (code) => reject(new Error(`the tenant ended with ${String(code)}`)));
  });
  const { port, certFile } = await ready;
  const client = new TenantClient(`https://localhost:${port}`, readFileSync(certFile, 'utf8'));
  running = { child, client, port, certFile };
  return running;
}

async function kill({ child, client }: Running, signal: NodeJS.Signals): Promise<number | null> {
  running = undefined;
  client.disconnect();
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return ended;
}

test('a killed tenant goes on with everything it answered for', async () => {
  const first = await start();
  await first.client.settings({ replicationMs: 7, throttling: 'microsoft' });
  await first.client.faults({ path: '/never', kind: 'reset', times: 3 });
  await first.client.control('POST', 'clock', { advanceMs: 86_400_000 });
  const invited = await first.client.invite('new.guest@outlook.example', { sendInvitationMessage: true });
  await first.client.graph('DELETE', `/users/${ines}`);
  const before = await first.client.state();
  const requests = await first.client.control('GET', 'requests');
  const token = await first.client.token('https://graph.microsoft.com');
  await kill(first, 'SIGKILL');

  const { client } = await start();
  expect(await client.state()).toEqual(before);
  expect(await client.control('GET', 'requests')).toEqual(requests);
  expect(await client.control('GET', 'settings')).toMatchObject({ replicationMs: 7, throttling: 'microsoft' });
  expect(await client.control('GET', 'faults')).toMatchObject([{ path: '/never', times: 3 }]);
  expect((await client.control('GET', 'clock')).offsetMs).toBe(86_400_000);
  expect(await client.control('GET', 'mailbox')).toHaveLength(1);
  const old = await client.send('GET', `/v1.0/users/${invited.body.invitedUser.id as string}`, undefined, {
    authorization: `Bearer ${token}`,
  });
  expect(old.status).toBe(200);
});

test('killed during a burst of writes, every answered one is there and nothing is half done', async () => {
  const { client } = await start();
  const answered: string[] = [];
  let sent = 0;
  const burst = (async () => {
    for (;;) {
      const address = `guest${sent++}@outlook.example`;
      const answer = await client.invite(address);
      if (answer.status === 201) answered.push(answer.body.invitedUser.id as string);
    }
  })().catch(() => undefined);
  await until('some answers', () => answered.length > 25);
  if (running !== undefined) await kill(running, 'SIGKILL');
  await burst;
  const again = await start();
  const { users } = await again.client.state();
  const ids: string[] = users.map((user: { id: string }) => user.id);
  expect(ids).toEqual(expect.arrayContaining(answered));
  const addresses = users.map((user: { mail: string }) => user.mail);
  expect(new Set(addresses).size).toBe(addresses.length);
});

test('notifications that were due later are sent by the restarted tenant', async () => {
  const webhook = new Webhook();
  const address = await webhook.start();
  const first = await start();
  await first.client.graph('POST', '/subscriptions', {
    changeType: 'updated',
    notificationUrl: `${address}/notify`,
    resource: '/users',
    expirationDateTime: new Date(Date.now() + 86_400_000).toISOString(),
  });
  await first.client.settings({ notificationMs: 3_600_000 });
  await first.client.graph('PATCH', `/users/${ines}`, { city: 'Porto' });
  await kill(first, 'SIGKILL');
  const { client } = await start();
  expect(webhook.received).toEqual([]);
  await client.control('POST', 'clock', { advanceMs: 3_600_001 });
  await until('the notification', () => webhook.notifications.length === 1);
  await webhook.stop();
});

test('the seed counts at the first start only', async () => {
  const seed = path.join(dataDir, 'seed.json');
  writeFileSync(seed, JSON.stringify({ users: [{ id: 'one', displayName: 'Seeded' }] }));
  const first = await start('--seed', seed);
  expect((await first.client.state()).users).toHaveLength(1);
  await first.client.control('PUT', 'state', {});
  await kill(first, 'SIGTERM');
  const { client } = await start('--seed', seed);
  expect((await client.state()).users).toEqual([]);
});

test.each<[string, (child: ChildProcess) => void]>([
  ['SIGTERM', (child) => child.kill('SIGTERM')],
  ['SIGINT', (child) => child.kill('SIGINT')],
  ['the end of the parent', (child) => child.disconnect()],
])('ends well on %s', async (_what, end) => {
  const { child, client } = await start();
  await client.state();
  const code = new Promise((resolve) => child.once('exit', resolve));
  end(child);
  expect(await code).toBe(0);
});

test('certificate, key and database are private; the certificate is kept', async () => {
  const { certFile, client } = await start();
  await client.state();
  const mode = (name: string): number => statSync(path.join(dataDir, name)).mode & 0o777;
  expect(mode('tenant-key.pem')).toBe(0o600);
  expect(mode('tenant.db')).toBe(0o600);
  const before = readFileSync(certFile, 'utf8');
  const printed = spawnSync(process.execPath, [path.join(dist, 'local/tenant/certificate.js'), '--data', dataDir]);
  expect(printed.stdout.toString().trim()).toBe(certFile);
  expect(readFileSync(certFile, 'utf8')).toBe(before);
});

test('the managed identity credential of the Azure SDK gets tokens over verified https', async () => {
  const { port, certFile } = await start('--identity-header', 'header secret');
  const script = `
    const { ManagedIdentityCredential } = require('@azure/identity');
    new ManagedIdentityCredential().getToken('https://graph.microsoft.com/.default')
      .then(({ token }) => process.stdout.write(Buffer.from(token.split('.')[1], 'base64url')));`;
  const printed = spawnSync(process.execPath, ['-e', script], {
    cwd: path.resolve(__dirname, '../..'),
    env: {
      ...process.env,
      NODE_EXTRA_CA_CERTS: certFile,
      IDENTITY_ENDPOINT: `https://localhost:${port}/msi/token`,
      IDENTITY_HEADER: 'header secret',
    },
  });
  expect(JSON.parse(printed.stdout.toString())).toMatchObject({ aud: 'https://graph.microsoft.com' });
});

test('a wrong call says how it is meant', () => {
  const run = spawnSync(process.execPath, [main]);
  expect(run.status).toBe(1);
  expect(run.stderr.toString()).toContain('usage: main --data DIR');
});
