import { z } from 'zod';
import { createGraph } from '../../../adapters/graph/graphClient';
import { failed, json, memoryGraph, type Sent } from './memoryGraph';

describe('writes', () => {
  test('method, path and body arrive; 204 is undefined', async () => {
    const { graph, sent } = memoryGraph(({ method }) =>
      method === 'POST' ? json({ id: 'new' }, 201) : new Response(null, { status: 204 }),
    );
    await expect(graph.write('POST', '/invitations', { a: 1 })).resolves.toEqual({ id: 'new' });
    await expect(graph.write('PATCH', '/users/u1', { b: 2 })).resolves.toBeUndefined();
    await expect(graph.write('PUT', '/users/u1/x', { c: 3 })).resolves.toBeUndefined();
    await expect(graph.write('DELETE', '/users/u1')).resolves.toBeUndefined();
    await expect(graph.write('POST', '/directory/deletedItems/u1/restore')).resolves.toEqual({ id: 'new' });
    expect(sent.map(({ method, url, body }) => [method, new URL(url).pathname, body])).toEqual([
      ['POST', '/v1.0/invitations', { a: 1 }],
      ['PATCH', '/v1.0/users/u1', { b: 2 }],
      ['PUT', '/v1.0/users/u1/x', { c: 3 }],
      ['DELETE', '/v1.0/users/u1', undefined],
      ['POST', '/v1.0/directory/deletedItems/u1/restore', undefined],
    ]);
  });

  test.each([429, 500, 502, 503, 504])('a write that meets %i is not repeated', async (status) => {
    const { graph, sent } = memoryGraph(() => failed(status, 'x', { 'Retry-After': '0' }));
    await expect(graph.write('POST', '/invitations', {})).rejects.toMatchObject({ status, retryAfterSeconds: 0 });
    expect(sent).toHaveLength(1);
  });

  test('a write whose answer is lost is not repeated', async () => {
    const { graph, sent } = memoryGraph(() => Promise.reject(new TypeError('fetch failed')));
    await expect(graph.write('POST', '/invitations', {})).rejects.toMatchObject({
      service: 'graph',
      status: 0,
      code: 'no-answer',
    });
    expect(sent).toHaveLength(1);
  });

  test('a success whose body breaks off counts as no answer', async () => {
    const { graph } = memoryGraph(
      () => new Response('{"id":', { status: 201, headers: { 'content-type': 'application/json' } }),
    );
    const lost = { status: 0, code: 'unreadable-answer' };
    await expect(graph.write('POST', '/invitations', {})).rejects.toMatchObject(lost);
  });
});

describe('failures', () => {
  test('code, message and time to wait come from the service; the message is not in the text', async () => {
    const { graph } = memoryGraph(() => failed(400, 'Request_BadRequest', { 'Retry-After': '2.5' }));
    const failure = graph.write('POST', '/invitations', {});
    await expect(failure).rejects.toMatchObject({
      message: 'graph answered 400 Request_BadRequest',
      serviceMessage: 'about guest@work.example',
      retryAfterSeconds: 2.5,
    });
  });

  test('a failure without a body of JSON has a code all the same', async () => {
    const { graph } = memoryGraph(
      () => new Response('<html>', { status: 502, headers: { 'content-type': 'text/html' } }),
    );
    await expect(graph.write('DELETE', '/users/u1')).rejects.toMatchObject({ status: 502, code: 'http-502' });
    const broken = memoryGraph(
      () => new Response('{', { status: 500, headers: { 'content-type': 'application/json' } }),
    );
    await expect(broken.graph.write('DELETE', '/users/u1')).rejects.toMatchObject({ status: 500, code: 'http-500' });
  });

  test('a service that never answers is given up after the time limit', async () => {
    const silent = ({ signal }: Sent) =>
      new Promise<Response>((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')));
      });
    const { graph, sent } = memoryGraph(silent, { timeoutSeconds: 0.05 });
    const timeout = { service: 'graph', status: 0, code: 'timeout' };
    await expect(graph.write('DELETE', '/users/u1')).rejects.toMatchObject(timeout);
    await expect(graph.read('/users/u1', z.unknown())).rejects.toMatchObject(timeout);
    expect(sent).toHaveLength(2);
  });

  test('without a token nothing is sent, and the identity is to blame', async () => {
    const noToken = Object.assign(new Error('no identity'), { name: 'CredentialUnavailableError' });
    const credential = { getToken: () => Promise.reject(noToken) };
    const transport = { execute: () => Promise.reject(new Error('must not be reached')) };
    const graph = createGraph({ endpoint: 'https://graph.microsoft.com', credential, timeoutSeconds: 5, transport });
    const expected = { service: 'identity', status: 0, code: 'CredentialUnavailableError' };
    await expect(graph.read('/users/u1', z.unknown())).rejects.toMatchObject(expected);
    await expect(graph.ownIdentity()).rejects.toMatchObject(expected);
  });
});

describe('a path with a missing id', () => {
  test.each([
    '/users/',
    '/users//memberOf',
    '/users/undefined/memberOf',
    '/users/null',
    '/users/NaN?$select=id',
    '/users/%20/memberOf',
    '/users/../groups',
    "/servicePrincipals(appId='undefined')",
    `/users?$filter=${encodeURIComponent("id eq 'null'")}`,
    '/users/[object Object]',
    '/users/a#b',
    '/users?a=1?b=2',
    'https://elsewhere.example/users',
    'users/u1',
    '',
  ])('%s is refused before anything is sent', async (path) => {
    const { graph, sent, scopes } = memoryGraph(() => json({}));
    await expect(graph.write('DELETE', path)).rejects.toThrow(/request path/);
    await expect(graph.read(path, z.unknown())).rejects.toThrow(/request path/);
    await expect(graph.readAll(path, z.unknown())).rejects.toThrow(/request path/);
    expect([sent, scopes]).toEqual([[], []]);
  });

  test('words that only look like it are let through', async () => {
    const { graph, sent } = memoryGraph(() => json({}));
    await graph.read(`/users?$filter=${encodeURIComponent('mail ne null')}`, z.unknown());
    await graph.read('/groups/nullable/members/$ref', z.unknown());
    expect(sent).toHaveLength(2);
  });
});

describe('own identity and audience', () => {
  const tokenOf = (payload: object) => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`;

  test('roles and object id come from the own token', async () => {
    const token = tokenOf({ oid: 'sp-1', roles: ['User.Read.All'], name: 'Ä' });
    await expect(memoryGraph(() => json({}), { token }).graph.ownIdentity()).resolves.toEqual({
      roles: ['User.Read.All'],
      servicePrincipalId: 'sp-1',
    });
    const noRoles = memoryGraph(() => json({}), { token: tokenOf({ oid: 'sp-1' }) });
    await expect(noRoles.graph.ownIdentity()).resolves.toEqual({ roles: [], servicePrincipalId: 'sp-1' });
    await expect(memoryGraph(() => json({})).graph.ownIdentity()).rejects.toMatchObject({ service: 'identity' });
  });

  test.each([
    ['https://graph.microsoft.com', 'https://graph.microsoft.com/.default'],
    ['https://localhost:8443', 'https://graph.microsoft.com/.default'],
    ['https://graph.microsoft.us', 'https://graph.microsoft.us/.default'],
  ])('%s takes tokens for %s', async (endpoint, scope) => {
    const { graph, sent, scopes } = memoryGraph(() => json({}), { endpoint });
    await graph.read('/users/u1', z.unknown());
    expect([scopes, sent[0]?.authorization]).toEqual([[scope], 'Bearer the-token']);
  });
});
