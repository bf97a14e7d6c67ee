// A small compiled app, as the host sees any app: it registers functions and knows nothing of the host.
const { appendFileSync, readFileSync } = require('node:fs');
const { setTimeout: nextTurn } = require('node:timers/promises');
const { app } = require('@azure/functions');
const df = require('durable-functions');

const effectsFile = process.env.FIXTURE_EFFECTS;
const record = (text) => appendFileSync(effectsFile, `${text}\n`);

app.hook.appStart(() => record('appStart'));
app.hook.preInvocation((context) => {
  if (context.invocationContext.functionName === 'hooked') context.inputs[0].headers.set('x-from-hook', 'yes');
});
app.hook.appTerminate(() => record('appTerminate'));

const describe = async (request) => ({
  method: request.method,
  url: request.url,
  query: Object.fromEntries(request.query),
  params: request.params,
  contentType: request.headers.get('content-type'),
  body: Array.from(new Uint8Array(await request.arrayBuffer())),
});
const answering = (name) => async (request) => ({ jsonBody: { handler: name, ...(await describe(request)) } });

app.http('echo', { methods: ['POST'], authLevel: 'anonymous', handler: answering('echo') });
app.http('item', { methods: ['GET'], route: 'items/{id}', authLevel: 'anonymous', handler: answering('item') });
app.http('special', {
  methods: ['GET'],
  route: 'items/special',
  authLevel: 'anonymous',
  handler: answering('special'),
});
app.http('change', {
  methods: ['POST'],
  route: 'items/{id}/change',
  authLevel: 'anonymous',
  handler: answering('change'),
});
app.http('rest', { methods: ['GET'], route: '{*rest}', authLevel: 'anonymous', handler: answering('rest') });
app.http('secret', { methods: ['GET'], route: 'secret', authLevel: 'function', handler: answering('secret') });
app.http('master', { methods: ['GET'], route: 'master', authLevel: 'admin', handler: answering('master') });
app.http('fails', {
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: () => {
    throw new Error('broken on purpose');
  },
});
app.http('nothing', { methods: ['GET'], authLevel: 'anonymous', handler: () => undefined });
app.http('hooked', {
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: (request) => ({ body: request.headers.get('x-from-hook') }),
});
app.http('cookies', {
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: () => ({
    cookies: [
      { name: 'session', value: 'a b', path: '/api', httpOnly: true, secure: true, sameSite: 'Strict', maxAge: 60 },
      { name: 'plain', value: '1' },
    ],
    body: new Uint8Array([0, 255, 128]),
    headers: { 'content-type': 'application/octet-stream', 'x-own': 'kept' },
    status: 203,
  }),
});
app.http('time', {
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: (_request, context) => {
    context.log('telling the time');
    return { jsonBody: { now: Date.now(), isDate: new Date() instanceof Date, iso: new Date().toISOString() } };
  },
});

/** Calls a method of the real durable client: `{ "args": [...] }`. */
app.http('client', {
  methods: ['POST'],
  route: 'client/{method}',
  authLevel: 'anonymous',
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const { args } = await request.json();
    try {
      const result = await df.getClient(context)[request.params.method](...args);
      return { jsonBody: { result: result ?? null } };
    } catch (error) {
      return { status: 500, jsonBody: { error: error.message } };
    }
  },
});

app.timer('everyTenMinutes', {
  schedule: '0 */10 * * * *',
  handler: (timer) => record(`everyTenMinutes ${timer.isPastDue}`),
});
app.timer('slow', {
  schedule: '0 0 0 1 1 *',
  handler: async () => {
    record('slow begins');
    await nextTurn(50);
    record('slow ends');
  },
});
app.timer('configured', { schedule: '%FIXTURE_SCHEDULE%', handler: () => record('configured') });

df.app.activity('effect', {
  handler: (name) => {
    record(name);
    return `did ${name}`;
  },
});
df.app.activity('flaky', {
  handler: ({ key, failures }) => {
    record(`flaky ${key}`);
    const attempts = readFileSync(effectsFile, 'utf8')
      .split('\n')
      .filter((line) => line === `flaky ${key}`).length;
    if (attempts <= failures) throw new Error(`attempt ${attempts} failed`);
    return attempts;
  },
});

df.app.orchestration('chain', function* (context) {
  const done = [];
  for (const step of ['first', 'second', 'third']) done.push(yield context.df.callActivity('effect', step));
  return done;
});
df.app.orchestration('parent', function* (context) {
  const children = ['a', 'b'].map((key) => context.df.callSubOrchestrator('child', { key }));
  return yield context.df.Task.all(children);
});
df.app.orchestration('child', function* (context) {
  const { key } = context.df.getInput();
  yield context.df.callActivity('effect', `child ${key}`);
  const soon = new Date(context.df.currentUtcDateTime.getTime() + 60_000);
  yield context.df.createTimer(soon);
  return key;
});
df.app.orchestration('waits', function* (context) {
  context.df.setCustomStatus({ waiting: true });
  const answer = yield context.df.waitForExternalEvent('answer');
  return { answer, version: context.df.version };
});
df.app.orchestration('retries', function* (context) {
  const retry = new df.RetryOptions(1000, 3);
  return yield context.df.callActivityWithRetry('flaky', retry, { key: context.df.instanceId, failures: 2 });
});
df.app.orchestration('usesHttp', function* (context) {
  return yield context.df.callHttp({ method: 'GET', url: 'http://127.0.0.1:1/' });
});
