import http from 'node:http';
import { demoGuest } from '../support/demoGuest';
import { LocalStack } from '../support/localStack';
import { malformedRequests, type MalformedRequest } from '../support/malformedRequests';

let stack: LocalStack;
let id: string;
beforeAll(async () => {
  stack = await LocalStack.start();
  await stack.freshTenant();
  const guest = demoGuest(await stack.state());
  // Held in preflight, so that a cancel that is not refused would be seen.
  const busy = { kind: 'status', status: 503, headers: { 'Retry-After': '3600' }, times: 1000 };
  await stack.faults([{ path: '/policies/authorizationPolicy', ...busy }]);
  ({ id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal }));
}, 90_000);
afterAll(() => stack.stop());

/** Sends bytes as they are: the point of half of these requests is what no client library would send. */
function send(request: MalformedRequest): Promise<{ status: number; type: string; body: string }> {
  const url = new URL(stack.file.app);
  return new Promise((resolve, reject) => {
    const sent = http.request(
      {
        host: url.hostname,
        port: url.port,
        method: request.method,
        path: request.path.replaceAll('{id}', id),
        headers: { 'x-functions-key': stack.file.hostKey, ...request.headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body });
        });
      },
    );
    sent.on('error', reject);
    sent.end(request.body);
  });
}

describe('bad input gets a clear 4xx', () => {
  it('there are at least 60 of them', () => {
    expect(malformedRequests.length).toBeGreaterThanOrEqual(60);
    process.stdout.write(`malformed requests: ${malformedRequests.length}\n`);
  });

  it.each(malformedRequests.map((request): [string, MalformedRequest] => [request.name, request]))(
    '%s',
    async (_name, request) => {
      const answer = await send(request);
      expect({ status: answer.status, body: answer.body }).toMatchObject({ status: request.expectStatus });
      expect(answer.type).toContain('application/problem+json');
      if (request.method === 'HEAD') return;
      const problem = JSON.parse(answer.body) as { code: string; status: number; title: string; field?: string };
      expect(problem).toMatchObject({ code: request.expectCode, status: request.expectStatus });
      expect(problem.title.length).toBeGreaterThan(5);
      if (request.expectField !== undefined) expect(problem.field).toBe(request.expectField);
    },
  );

  it('none of them changed anything', async () => {
    const list = (await stack.api('GET', '/migrations')).json as { value: { id: string; status: string }[] };
    expect(list.value.map((one) => one.id)).toEqual([id]);
    expect(list.value[0]?.status).not.toBe('Canceled');
    await stack.faults([]);
    await stack.advance(3_600_000);
    const waiting = await stack.waiting(id);
    expect(waiting.outcome).toBeNull();
  }, 90_000);

  it.each([
    ['without a key', {}],
    ['with a wrong key', { 'x-functions-key': 'wrong' }],
  ])('%s the host answers 401 before the app is asked', async (_name, headers) => {
    for (const [method, route] of [
      ['POST', '/migrations'],
      ['GET', '/migrations'],
      ['GET', `/migrations/${id}`],
      ['GET', `/migrations/${id}/report`],
      ['POST', `/migrations/${id}/cancel`],
      ['GET', '/openapi.json'],
    ] as const) {
      const reply = await stack.api(method, route, undefined, { 'x-functions-key': '', ...headers });
      expect([route, reply.status]).toEqual([route, 401]);
    }
  });
});
