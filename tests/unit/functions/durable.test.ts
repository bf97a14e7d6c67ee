import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { SWITCH_GUEST } from '../../../domain/steps';
import { createDurableGateway } from '../../../functions/durable';

const ID = '0r2k4m6p8-00000000000000000001';
const input = { migrationId: ID, dryRun: false, acceptWithinDays: 30, parallelRestores: 4 };

/** The engine's local endpoint: answers what the test wants and remembers the requests. */
let server: Server;
let answer: { status: number; body: unknown };
let requests: { line: string; body: string }[];

beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      requests.push({ line: `${request.method ?? ''} ${request.url ?? ''}`, body });
      response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer.body));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function gateway() {
  const { port } = server.address() as AddressInfo;
  const durableInput = df.input.durableClient();
  const context = new InvocationContext({ options: { extraInputs: [durableInput] } });
  const rpcBaseUrl = `http://127.0.0.1:${port}/rpc/`;
  context.extraInputs.set(durableInput, { taskHubName: 'hub', creationUrls: {}, managementUrls: {}, rpcBaseUrl });
  return createDurableGateway(() => df.getClient(context));
}

const statusAnswer = (runtimeStatus: string) => ({
  status: 200,
  body: {
    name: SWITCH_GUEST,
    instanceId: ID,
    runtimeStatus,
    createdTime: '2026-11-02T08:00:00Z',
    lastUpdatedTime: '2026-11-02T08:00:00Z',
    output: null,
    input: null,
  },
});

it('starts the orchestration under the id of the migration', async () => {
  answer = { status: 202, body: { id: ID } };
  await gateway().start(ID, input);
  expect(requests).toEqual([{ line: `POST /rpc/orchestrators/${SWITCH_GUEST}/${ID}`, body: JSON.stringify(input) }]);
});

it.each([
  ['Running', 'running'],
  ['Pending', 'running'],
  ['Suspended', 'running'],
  ['ContinuedAsNew', 'running'],
  ['Completed', 'ended'],
  ['Failed', 'failed'],
  ['Terminated', 'failed'],
  ['Canceled', 'failed'],
])('calls %s %s', async (runtimeStatus, meaning) => {
  answer = statusAnswer(runtimeStatus);
  expect(await gateway().status(ID)).toBe(meaning);
  expect(requests[0]?.line).toBe(`GET /rpc/instances/${ID}`);
});

it('calls an instance that the engine does not know unknown', async () => {
  answer = { status: 404, body: '' };
  expect(await gateway().status(ID)).toBe('unknown');
});

it('raises an event', async () => {
  answer = { status: 202, body: '' };
  await gateway().raise(ID, 'redemptionHint');
  expect(requests[0]?.line).toBe(`POST /rpc/instances/${ID}/raiseEvent/redemptionHint`);
});

it.each([404, 410])('passes over an instance that is gone (%d) when raising', async (status) => {
  answer = { status, body: '' };
  await expect(gateway().raise(ID, 'redemptionHint')).resolves.toBeUndefined();
});

it.each(['start', 'status', 'raise'] as const)(
  'says that the engine is away without quoting it: %s',
  async (method) => {
    answer = { status: 500, body: 'instance of jane@contoso.com at http://127.0.0.1' };
    const durable = gateway();
    const calls = {
      start: () => durable.start(ID, input),
      status: () => durable.status(ID),
      raise: () => durable.raise(ID, 'redemptionHint'),
    };
    const failure: unknown = await calls[method]().catch((error: unknown) => error);
    expect(failure).toMatchObject({ service: 'storage', status: 503, code: 'engine-unavailable' });
    expect(JSON.stringify(failure) + String(failure)).not.toMatch(/jane|127/);
  },
);

it.each(['../entities/a/b', 'a#b', 'a?x=1', 'a&b', '', 'a/b', 'a'.repeat(101)])(
  'sends nothing for the id "%s"',
  async (id) => {
    answer = { status: 202, body: { id } };
    const durable = gateway();
    await expect(durable.start(id, input)).rejects.toThrow();
    await expect(durable.status(id)).rejects.toThrow();
    await expect(durable.raise(id, 'redemptionHint')).rejects.toThrow();
    expect(requests).toEqual([]);
  },
);
