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
