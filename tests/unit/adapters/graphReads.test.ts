import { z } from 'zod';
import { batchAnswer, failed, json, memoryGraph, type BatchBody } from './memoryGraph';

const named = z.object({ name: z.string() });
const nameOf = (url: string) => ({ status: 200, body: { name: url } });

describe('batches', () => {
  test('21 reads of one tick are two requests, of 20 and of 1, and each gets its own answer', async () => {
    const { graph, sent } = memoryGraph((request) =>
      request.method === 'POST' ? batchAnswer(request, nameOf) : json({ name: new URL(request.url).pathname.slice(5) }),
    );
    const paths = Array.from({ length: 21 }, (_, n) => `/users/u${n}`);
    const read = await Promise.all(paths.map((path) => graph.read(path, named)));
    expect(read.map(({ name }) => name)).toEqual(paths);
    expect(sent.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST https://graph.microsoft.com/v1.0/$batch',
      'GET https://graph.microsoft.com/v1.0/users/u20',
    ]);
    expect((sent[0]?.body as BatchBody).requests).toHaveLength(20);
    expect(sent[0]?.authorization).toBe('Bearer the-token');
  });

  test('the same path twice in one tick is one read, and both get the answer', async () => {
    const { graph, sent } = memoryGraph((request) => batchAnswer(request, nameOf));
    const read = await Promise.all(['/a', '/b', '/a'].map((path) => graph.read(path, named)));
    expect(read.map(({ name }) => name)).toEqual(['/a', '/b', '/a']);
    expect((sent[0]?.body as BatchBody).requests.map(({ url }) => url)).toEqual(['/a', '/b']);
    expect(sent).toHaveLength(1);
  });

  test('the same path twice is read twice: nothing is cached', async () => {
    let count = 0;
    const { graph, sent } = memoryGraph(() => json({ name: String((count += 1)) }));
    expect([await graph.read('/me', named), await graph.read('/me', named)]).toEqual([{ name: '1' }, { name: '2' }]);
    expect(sent).toHaveLength(2);
  });

  test('an item that fails fails alone, with its own status and code', async () => {
    const { graph } = memoryGraph((request) =>
      batchAnswer(request, (url) =>
        url === '/users/gone'
          ? { status: 404, body: { error: { code: 'Request_ResourceNotFound', message: 'guest@work.example' } } }
          : nameOf(url),
      ),
    );
    const [there, gone] = await Promise.allSettled([
      graph.read('/users/there', named),
      graph.read('/users/gone', named),
    ]);
    expect(there).toMatchObject({ status: 'fulfilled', value: { name: '/users/there' } });
    const reason = { service: 'graph', status: 404, code: 'Request_ResourceNotFound' };
    expect(gone).toMatchObject({ status: 'rejected', reason });
    expect(gone.status === 'rejected' && String(gone.reason)).toBe(
      'ServiceError: graph answered 404 Request_ResourceNotFound',
    );
  });

  test('throttled items are read again without the others', async () => {
    const { graph, sent } = memoryGraph((request, nth) =>
      batchAnswer(request, (url) =>
        url === '/b' && nth < 3 ? { status: 429, headers: { 'retry-after': '0.01' } } : nameOf(url),
      ),
    );
    await expect(Promise.all(['/a', '/b', '/c'].map((path) => graph.read(path, named)))).resolves.toEqual([
      { name: '/a' },
      { name: '/b' },
      { name: '/c' },
    ]);
    expect(sent.map(({ body }) => (body as BatchBody).requests.map(({ url }) => url))).toEqual([
      ['/a', '/b', '/c'],
      ['/b'],
      ['/b'],
    ]);
  });

  test('an item that stays throttled fails after two repetitions', async () => {
    const { graph, sent } = memoryGraph((request) =>
      batchAnswer(request, (url) => (url === '/b' ? { status: 503, headers: { 'Retry-After': '0' } } : nameOf(url))),
    );
    const [, b] = await Promise.allSettled([graph.read('/a', named), graph.read('/b', named)]);
    expect(b).toMatchObject({ status: 'rejected', reason: { status: 503, code: 'http-503' } });
    expect(sent).toHaveLength(3);
  });

  test('a long wait is not served here: every throttled item carries the longest one', async () => {
    const waits = new Map([
      ['/b', '2'],
      ['/c', '17.5'],
    ]);
    const { graph, sent } = memoryGraph((request) =>
      batchAnswer(request, (url) => {
        const wait = waits.get(url);
        return wait === undefined ? nameOf(url) : { status: 429, headers: { 'Retry-After': wait } };
      }),
    );
    const [a, b, c] = await Promise.allSettled(['/a', '/b', '/c'].map((path) => graph.read(path, named)));
    expect(a?.status).toBe('fulfilled');
    for (const each of [b, c]) expect(each).toMatchObject({ reason: { status: 429, retryAfterSeconds: 17.5 } });
    expect(sent).toHaveLength(1);
  });

  test('when the batch as a whole fails, or an answer is missing, every read of it fails', async () => {
    const refused = memoryGraph(() => failed(403, 'Forbidden'));
    const both = await Promise.allSettled([refused.graph.read('/a', named), refused.graph.read('/b', named)]);
    expect(both).toMatchObject([{ reason: { status: 403, code: 'Forbidden' } }, { reason: { status: 403 } }]);
    const short = memoryGraph(() => json({ responses: [{ id: '0', status: 200, body: { name: 'a' } }] }));
    const missing = await Promise.allSettled([short.graph.read('/a', named), short.graph.read('/b', named)]);
    expect(missing[1]).toMatchObject({ reason: { status: 502, code: 'unexpected-shape' } });
  });
});

describe('single reads', () => {
  test('beta is read on its own, under its own version', async () => {
    const { graph, sent } = memoryGraph(() => json({ name: 'x' }));
    await Promise.all([graph.read('/beta/policies/b2b', named), graph.read('/policies/a', named)]);
    expect(sent.map(({ url }) => url).sort()).toEqual([
      'https://graph.microsoft.com/beta/policies/b2b',
      'https://graph.microsoft.com/v1.0/policies/a',
    ]);
  });

  test('queries arrive as the caller encoded them', async () => {
    const { graph, sent } = memoryGraph(() => json({ value: [] }));
    const query = `?$filter=${encodeURIComponent("mail eq 'a+b&c#@x.example'")}&$select=id,mail&$top=5`;
    await graph.readAll(`/users${query}`, z.unknown());
    expect(sent[0]?.url).toBe(`https://graph.microsoft.com/v1.0/users${query}`);
  });

  test('a brief throttle is waited out, a long one is handed on', async () => {
    const brief = memoryGraph((_sent, nth) =>
      nth < 3 ? failed(429, 'x', { 'Retry-After': '0' }) : json({ name: 'a' }),
    );
    await expect(brief.graph.read('/a', named)).resolves.toEqual({ name: 'a' });
    const long = memoryGraph(() => failed(429, 'TooManyRequests', { 'Retry-After': '120' }));
    await expect(long.graph.read('/a', named)).rejects.toMatchObject({
      status: 429,
      code: 'TooManyRequests',
      retryAfterSeconds: 120,
    });
    expect(long.sent).toHaveLength(1);
  });

  test('an answer of another shape names the field and no value', async () => {
    const { graph } = memoryGraph(() => json({ name: ['guest@work.example'] }));
    await expect(graph.read('/a', named)).rejects.toMatchObject({
      service: 'graph',
      status: 502,
      code: 'unexpected-shape',
      serviceMessage: 'name (invalid_type)',
    });
  });
});

describe('pages', () => {
  test('the next link is read from the configured endpoint, whatever host it names', async () => {
    const { graph, sent } = memoryGraph(
      ({ url }) =>
        url.includes('skiptoken')
          ? json({ value: [{ name: 'c' }] })
          : json({
              value: [{ name: 'a' }, { name: 'b' }],
              '@odata.nextLink': 'https://elsewhere.example/v1.0/users/u1/memberOf?$select=id&$skiptoken=a%2Bb',
            }),
      { endpoint: 'https://localhost:8443' },
    );
    const all = await graph.readAll('/users/u1/memberOf?$select=id', named);
    expect(all.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(sent[1]?.url).toBe('https://localhost:8443/v1.0/users/u1/memberOf?$select=id&$skiptoken=a%2Bb');
    expect(sent[1]?.authorization).toBe('Bearer the-token');
  });

  test('next pages of beta stay in beta; pages in a circle end', async () => {
    const { graph, sent } = memoryGraph(() =>
      json({ value: [], '@odata.nextLink': 'https://graph.microsoft.com/beta/things?$skiptoken=x' }),
    );
    await expect(graph.readAll('/beta/things', named)).rejects.toMatchObject({ code: 'unexpected-shape' });
    expect(sent.map(({ url }) => url)).toEqual([
      'https://graph.microsoft.com/beta/things',
      'https://graph.microsoft.com/beta/things?$skiptoken=x',
    ]);
  });
});
