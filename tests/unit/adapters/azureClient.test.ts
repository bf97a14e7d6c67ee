import { createHttpHeaders, RestError, type HttpClient, type PipelineRequest } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import { createAzure } from '../../../adapters/azure/azureClient';

const assignment = '/subscriptions/s1/providers/Microsoft.Authorization/roleAssignments/a1?api-version=2022-04-01';
const collection = '/subscriptions/s1/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01';
const named = z.object({ name: z.string() });

type Answer = { status: number; body?: unknown; headers?: Record<string, string> };

function memoryAzure(answer: (request: PipelineRequest, nth: number) => Answer | Promise<Answer>, timeoutSeconds = 10) {
  const sent: PipelineRequest[] = [];
  const scopes: string[] = [];
  const httpClient: HttpClient = {
    async sendRequest(request) {
      sent.push(request);
      const { status, body, headers = {} } = await answer(request, sent.length);
      return { request, status, headers: createHttpHeaders(headers), bodyAsText: body === undefined ? '' : text(body) };
    },
  };
  const credential = {
    getToken(scope: string | string[]) {
      scopes.push(...[scope].flat());
      return Promise.resolve({ token: 'the-token', expiresOnTimestamp: Date.now() + 3_600_000 });
    },
  };
  const azure = createAzure({ endpoint: 'https://localhost:8443', credential, timeoutSeconds, httpClient });
  return { azure, sent, scopes };
}

function text(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function failed(status: number, headers: Record<string, string> = {}): Answer {
  return { status, headers, body: { error: { code: 'PrincipalNotFound', message: 'about guest@work.example' } } };
}

test('pages are read from the configured endpoint, with a token for Azure', async () => {
  const { azure, sent, scopes } = memoryAzure((_request, nth) => ({
    status: 200,
    body: nth === 1 ? { value: [{ name: 'a' }], nextLink: `https://else.example${collection}&$skip=1` } : { value: [] },
  }));
  await expect(azure.readAll(collection, named)).resolves.toEqual([{ name: 'a' }]);
  expect(sent.map(({ url }) => url)).toEqual([
    `https://localhost:8443${collection}`,
    `https://localhost:8443${collection}&$skip=1`,
  ]);
  expect(sent[0]?.headers.get('authorization')).toBe('Bearer the-token');
  expect(scopes).toEqual(['https://management.azure.com/.default']);
});

test('a read is repeated when the service asks for a short wait, handed on when for a long one', async () => {
  const brief = memoryAzure((_request, nth) =>
    nth < 3 ? failed(503, { 'retry-after': '0' }) : { status: 200, body: { name: 'a' } },
  );
  await expect(brief.azure.read(assignment, named)).resolves.toEqual({ name: 'a' });
  const long = memoryAzure(() => failed(429, { 'retry-after': '60' }));
  await expect(long.azure.read(assignment, named)).rejects.toMatchObject({ status: 429, retryAfterSeconds: 60 });
  expect(long.sent).toHaveLength(1);
  const stays = memoryAzure(() => failed(429, { 'retry-after': '0' }));
  await expect(stays.azure.read(assignment, named)).rejects.toMatchObject({ status: 429 });
  expect(stays.sent).toHaveLength(3);
});

test('a put sends its body once, whatever comes back', async () => {
  const done = memoryAzure(() => ({ status: 201, body: { id: 'x' } }));
  await expect(done.azure.put(assignment, { properties: {} })).resolves.toEqual({ id: 'x' });
  expect([done.sent[0]?.method, done.sent[0]?.body]).toEqual(['PUT', '{"properties":{}}']);
  for (const status of [400, 429, 500, 503]) {
    const { azure, sent } = memoryAzure(() => failed(status, { 'retry-after': '0' }));
    await expect(azure.put(assignment, {})).rejects.toMatchObject({
      service: 'azure',
      status,
      code: 'PrincipalNotFound',
      message: `azure answered ${status} PrincipalNotFound`,
      serviceMessage: 'about guest@work.example',
    });
    expect(sent).toHaveLength(1);
  }
  const lost = memoryAzure(() => Promise.reject(new RestError('reset', { code: 'ECONNRESET' })));
  await expect(lost.azure.put(assignment, {})).rejects.toMatchObject({ status: 0, code: 'no-answer' });
  expect(lost.sent).toHaveLength(1);
});

test('silence ends with the time limit; a body that is no JSON is an unexpected shape', async () => {
  const silent = memoryAzure(
    ({ abortSignal }) =>
      new Promise<Answer>((_resolve, reject) => {
        abortSignal?.addEventListener('abort', () => reject(new RestError('aborted')));
      }),
    0.05,
  );
  await expect(silent.azure.put(assignment, {})).rejects.toMatchObject({ status: 0, code: 'timeout' });
  await expect(silent.azure.read(assignment, named)).rejects.toMatchObject({ status: 0, code: 'timeout' });
  const html = memoryAzure(() => ({ status: 200, body: '<html>' }));
  await expect(html.azure.read(assignment, named)).rejects.toMatchObject({ status: 502, code: 'unexpected-shape' });
});

test('a redirect is not followed, and a missing id is refused before anything is sent', async () => {
  const moved = memoryAzure(() => ({ status: 307, headers: { location: 'https://else.example/' } }));
  await expect(moved.azure.read(assignment, named)).rejects.toMatchObject({ status: 307 });
  expect(moved.sent).toHaveLength(1);
  const { azure, sent, scopes } = memoryAzure(() => ({ status: 200, body: {} }));
  await expect(azure.put(assignment.replace('s1', 'undefined'), {})).rejects.toThrow(/request path/);
  await expect(azure.read(assignment.replace('s1', ''), named)).rejects.toThrow(/request path/);
  expect([sent, scopes]).toEqual([[], []]);
});

test('equal reads of one tick are one; later ones are looks of their own', async () => {
  const { azure, sent } = memoryAzure((_request, nth) => ({ status: 200, body: { name: `look ${nth}` } }));
  const both = await Promise.all([azure.read(assignment, named), azure.read(assignment, named)]);
  expect(both).toEqual([{ name: 'look 1' }, { name: 'look 1' }]);
  await expect(azure.read(assignment, named)).resolves.toEqual({ name: 'look 2' });
  expect(sent).toHaveLength(2);
});

test('a failure of one read does not touch the others', async () => {
  const { azure } = memoryAzure(({ url }) =>
    url.includes('/a2') ? failed(404) : { status: 200, body: { name: 'a' } },
  );
  const [good, bad] = await Promise.allSettled([
    azure.read(assignment, named),
    azure.read(assignment.replace('/a1', '/a2'), named),
  ]);
  expect(good).toEqual({ status: 'fulfilled', value: { name: 'a' } });
  expect(bad).toMatchObject({ status: 'rejected', reason: { status: 404 } });
});

test('many reads are sent, few at once', async () => {
  let running = 0;
  let most = 0;
  const { azure, sent } = memoryAzure(async () => {
    most = Math.max(most, (running += 1));
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return { status: 200, body: { name: 'a' } };
  });
  const paths = Array.from({ length: 55 }, (_, n) => assignment.replace('/a1', `/a${n}`));
  await Promise.all(paths.map((path) => azure.read(path, named)));
  expect([sent.length, most]).toEqual([55, 10]);
});

test('a query is a POST that reads; what was wrong with it stands behind the message', async () => {
  const details = [{ code: 'InvalidQuery', message: 'x' }, { code: 'NoValidSubscriptionsInQueryRequest' }];
  const { azure, sent } = memoryAzure((_request, nth) =>
    nth === 1
      ? { status: 200, body: { name: 'a' } }
      : { status: 400, body: { error: { code: 'BadRequest', message: 'Please', details } } },
  );
  await expect(azure.query(collection, { query: 'q' }, named)).resolves.toEqual({ name: 'a' });
  expect([sent[0]?.method, sent[0]?.body]).toEqual(['POST', '{"query":"q"}']);
  await expect(azure.query(collection, {}, named)).rejects.toMatchObject({
    code: 'BadRequest',
    message: 'azure answered 400 BadRequest',
    serviceMessage: 'Please InvalidQuery NoValidSubscriptionsInQueryRequest',
  });
});

test('a removal is sent once, whatever comes back', async () => {
  const done = memoryAzure(() => ({ status: 204 }));
  await expect(done.azure.remove(assignment)).resolves.toBeUndefined();
  expect(done.sent[0]?.method).toBe('DELETE');
  const refused = memoryAzure(() => failed(503, { 'retry-after': '0' }));
  await expect(refused.azure.remove(assignment)).rejects.toMatchObject({ status: 503 });
  expect(refused.sent).toHaveLength(1);
});
