import { failures } from '../../../domain/failures';
import { problemSchema } from '../../../functions/problems';
import { malformedRequests } from '../../support/malformedRequests';
import { createTestApp, recordWith } from '../../support/testApp';
import { expectDocumented } from '../../support/apiContract';

const ID = '0r2k4m6p8-00000000000000000001';

it('has a table worth the name, without repeated names', () => {
  expect(malformedRequests.length).toBeGreaterThanOrEqual(70);
  expect(new Set(malformedRequests.map(({ name }) => name)).size).toBe(malformedRequests.length);
});

it.each(malformedRequests.map((request) => [request.name, request] as const))('refuses %s', async (_name, request) => {
  const app = createTestApp();
  await app.records.createMigration(recordWith({ id: ID, status: 'Running', mostRounds: 3 }));
  const { headers, body } = request;
  const answer = await app.call(request.method, request.path.replace('{id}', ID), {
    headers,
    ...(body === undefined ? {} : { body }),
  });

  const problem = problemSchema.parse(answer.json);
  expect({ status: answer.status, code: problem.code }).toEqual({
    status: request.expectStatus,
    code: request.expectCode,
  });
  if (request.expectField !== undefined) expect(problem.field).toBe(request.expectField);
  expect(problem).toMatchObject({ status: answer.status, title: failures[problem.code].title });
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expectDocumented(answer);
  expect(app.engine.starts).toBe(0);
  expect([...app.records.migrations.values()]).toEqual([recordWith({ id: ID, status: 'Running', mostRounds: 3 })]);
  expect(app.records.locks.size + app.records.auditLog.length).toBe(0);
});

it('refuses by the announced length, before reading', async () => {
  const app = createTestApp();
  const headers = { 'Content-Type': 'application/json', 'Content-Length': '65537' };
  const answer = await app.call('POST', '/api/migrations', { headers, body: '{}' });
  expect(problemSchema.parse(answer.json).code).toBe('body-too-large');
});

it('takes a body of exactly the limit', async () => {
  const app = createTestApp();
  const body = JSON.stringify({ guest: 'd0d0d0d0-0000-4000-8000-0000000000ff' }).padEnd(64 * 1024, ' ');
  const answer = await app.call('POST', '/api/migrations', { headers: { 'Content-Type': 'application/json' }, body });
  expect(answer.status).toBe(202);
});

it('reports all faults of a body at once', async () => {
  const app = createTestApp();
  const body = JSON.stringify({ guest: 'x', acceptWithinDays: 0, other: 1, another: 2 });
  const answer = await app.call('POST', '/api/migrations', { headers: { 'Content-Type': 'application/json' }, body });
  const { errors } = problemSchema.parse(answer.json);
  expect(errors?.map(({ code, field }) => `${code} ${field}`).sort()).toEqual([
    'invalid-body acceptWithinDays',
    'invalid-body guest',
    'unknown-field another',
    'unknown-field other',
  ]);
});

it('never repeats what it was sent, apart from names of fields', async () => {
  const app = createTestApp();
  for (const request of malformedRequests) {
    const { headers, body } = request;
    const answer = await app.call(request.method, request.path.replace('{id}', ID), {
      headers,
      ...(body === undefined ? {} : { body }),
    });
    expect(answer.text).not.toMatch(/contoso|outlook|hooks\.example|d0d0d0d0/);
  }
  expect(app.logLines.join('\n')).not.toMatch(/@|d0d0d0d0/);
});

it('answers an unknown failure with a 500 that says nothing, and logs only its kind', async () => {
  const app = createTestApp();
  app.records.before = () => {
    throw new TypeError('secret of jane@contoso.com');
  };
  const answer = await app.call('GET', '/api/migrations');
  expect(answer.status).toBe(500);
  expect(problemSchema.parse(answer.json).code).toBe('unexpected-error');
  expect(answer.text + app.logLines.join('')).not.toContain('jane');
  expect(app.logLines.join('')).toContain('TypeError');
  expectDocumented(answer);
});
