import { createHash } from 'node:crypto';
import { createDocuments } from '../../../adapters/storage/documents';
import type { StorageClients } from '../../../adapters/storage/clients';
import type { Documents } from '../../../domain/ports';
import type { Snapshot } from '../../../domain/snapshot';
import { startAzurite, type Azurite } from '../../support/azurite';
import { clientsOf, guestId, startSilentServer } from './storageSupport';

let azurite: Azurite;
let clients: StorageClients;
let documents: Documents;

beforeAll(async () => {
  azurite = await startAzurite();
  clients = clientsOf(azurite.connectionString);
  documents = createDocuments(clients);
}, 90_000);
afterAll(() => azurite.stop());

function snapshotOf(migrationId: string, displayName = 'Gäste'): Snapshot {
  return {
    version: 1,
    migrationId,
    takenAt: '2026-01-02T03:04:05.000Z',
    tenantId: '99999999-2222-4333-8444-555555555555',
    guest: {
      id: guestId,
      displayName,
      userPrincipalName: 'guest_work.example#EXT#@tenant.example',
      mail: null,
      preferredLanguage: null,
      createdDateTime: null,
      identities: [{ signInType: 'federated', issuer: 'ExternalAzureAD', issuerAssignedId: null }],
    },
    sponsorIds: [],
    grants: [{ kind: 'profile', key: 'city', name: 'City', data: { value: 'Köln' } }],
  };
}

async function replace(name: string, text: string): Promise<void> {
  await clients.containers.snapshots.getBlockBlobClient(name).upload(text, Buffer.byteLength(text));
}

test('a snapshot comes back by the hash of its bytes', async () => {
  const hash = await documents.writeSnapshot(snapshotOf('m-1'));
  const stored = await clients.containers.snapshots.getBlobClient('m-1.json').downloadToBuffer();
  expect(hash).toBe(createHash('sha256').update(stored).digest('hex'));
  await expect(documents.readSnapshot('m-1', hash)).resolves.toEqual(snapshotOf('m-1'));
  await expect(documents.readSnapshot('m-1', hash.replaceAll(/./g, '0'))).resolves.toBeUndefined();
  await expect(documents.readSnapshot('absent', hash)).resolves.toBeUndefined();
});

test('a snapshot is written once: a later capture gets the hash of the first', async () => {
  const first = await documents.writeSnapshot(snapshotOf('m-2', 'before'));
  const racers = await Promise.all(
    ['a', 'b', 'c'].map((name) => documents.writeSnapshot(snapshotOf('m-2', `late ${name}`))),
  );
  expect(racers).toEqual([first, first, first]);
  expect((await documents.readSnapshot('m-2', first))?.guest.displayName).toBe('before');
});

test('an altered snapshot is neither read nor accepted as written', async () => {
  const hash = await documents.writeSnapshot(snapshotOf('m-3'));
  await replace('m-3.json', JSON.stringify(snapshotOf('m-3', 'somebody else')));
  await expect(documents.readSnapshot('m-3', hash)).resolves.toBeUndefined();
  await expect(documents.writeSnapshot(snapshotOf('m-3'))).rejects.toMatchObject({
    service: 'storage',
    status: 0,
    code: 'snapshot-mismatch',
  });
});

test('bytes with the right hash that are not a snapshot of this migration are refused', async () => {
  for (const text of ['{"version":1}', 'no json', JSON.stringify(snapshotOf('m-other'))]) {
    await replace('m-4.json', text);
    const hash = createHash('sha256').update(text).digest('hex');
    await expect(documents.readSnapshot('m-4', hash)).resolves.toBeUndefined();
  }
});

test('reports are written over; the redeem URL has its own document', async () => {
  const report = { migrationId: 'm-5', outcome: null, grants: [], comparison: null, recommendation: null };
  await documents.writeReport(report);
  await documents.writeReport({ ...report, outcome: 'completed' });
  const stored = await clients.containers.reports.getBlobClient('m-5.json').downloadToBuffer();
  expect(JSON.parse(stored.toString())).toEqual({ ...report, outcome: 'completed' });
  await documents.writeRedeemUrl('m-5', 1, 'https://login.example/redeem?rd=secret');
  const url = await clients.containers.invitations.getBlobClient('m-5/1.json').downloadToBuffer();
  expect(JSON.parse(url.toString())).toEqual({ url: 'https://login.example/redeem?rd=secret' });
});

test('an outage while reading is not taken for an absent snapshot', async () => {
  const silent = await startSilentServer();
  const unanswered = createDocuments({
    ...clientsOf(silent.connectionString, 0.2),
    ensureStorage: () => Promise.resolve(),
  });
  const timeout = { service: 'storage', status: 0, code: 'timeout' };
  await expect(unanswered.readSnapshot('m-1', 'ab'.repeat(32))).rejects.toMatchObject(timeout);
  await expect(unanswered.writeSnapshot(snapshotOf('m-1'))).rejects.toMatchObject(timeout);
  await silent.stop();
  const gone = unanswered.readSnapshot('m-1', 'ab'.repeat(32));
  await expect(gone).rejects.toMatchObject({ service: 'storage', status: 0 });
});
