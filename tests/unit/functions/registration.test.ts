import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { settingsTable } from '../../../adapters/settings';
import { steps, SWITCH_GUEST } from '../../../domain/steps';
import { ROUTE_PREFIX, routes } from '../../../functions/routes';

interface Registered {
  name: string;
  bindings: Record<string, { type: string; route?: string; methods?: string[]; authLevel?: string; schedule?: string }>;
}

const registered: Registered[] = [];

// The worker injects this module; it is on no registry.
jest.mock(
  '@azure/functions-core',
  () => ({
    version: '0',
    hostVersion: '4.1',
    setProgrammingModel: () => undefined,
    registerHook: () => ({ dispose: () => undefined }),
    log: () => undefined,
    registerFunction: (metadata: Registered) => {
      registered.push(metadata);
      return { dispose: () => undefined };
    },
  }),
  { virtual: true },
);

const root = join(__dirname, '../../..');
const readJson = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));
const example = z
  .object({ Values: z.record(z.string(), z.string()) })
  .parse(readJson('local.settings.example.json')).Values;

const bindingOf = ({ bindings }: Registered, type: string) =>
  Object.values(bindings).find((binding) => binding.type === type);
const ofType = (type: string) => registered.filter((each) => bindingOf(each, type) !== undefined);

beforeAll(() => {
  Object.assign(process.env, example);
  jest.requireActual('../../../functions/index');
});

it('registers every address under its name, with its method and key', () => {
  const found = ofType('httpTrigger').map((each) => {
    const { route, methods, authLevel } = bindingOf(each, 'httpTrigger') ?? {};
    return [each.name, { route, methods, authLevel }];
  });
  const expected = Object.entries(routes).map(([name, { route, method, authLevel }]) => [
    name,
    { route, methods: [method], authLevel },
  ]);
  expect(found).toEqual([
    ...expected,
    [
      'notFound',
      {
        route: '{*path}',
        methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'],
        authLevel: 'anonymous',
      },
    ],
  ]);
});

it('asks for a key everywhere but at the webhooks, the pages of guests, the health and unknown addresses', () => {
  const open = ofType('httpTrigger').filter((each) => bindingOf(each, 'httpTrigger')?.authLevel !== 'function');
  expect(open.map(({ name }) => name).sort()).toEqual([
    'graphLifecycle',
    'graphNotifications',
    'health',
    'notFound',
    'openInvitation',
    'showGuide',
  ]);
});

it('registers the orchestration, one activity a step, and the timers', () => {
  expect(ofType('orchestrationTrigger').map(({ name }) => name)).toEqual([SWITCH_GUEST]);
  expect(
    ofType('activityTrigger')
      .map(({ name }) => name)
      .sort(),
  ).toEqual(Object.keys(steps).sort());
  expect(ofType('timerTrigger').map((each) => [each.name, bindingOf(each, 'timerTrigger')?.schedule])).toEqual([
    ['watchRedemptions', '0 * * * * *'],
    ['sweepMigrations', '15 * * * * *'],
    ['deliverCallbacks', '55 * * * * *'],
    ['tendSubscription', '30 */5 * * * *'],
    ['markStuckMigrations', '45 */5 * * * *'],
  ]);
});

it('has an example for every setting, and for nothing else but the host', () => {
  const ours = settingsTable.map(({ name }) => name);
  const host = ['FUNCTIONS_WORKER_RUNTIME', 'AzureWebJobsStorage', 'TASKHUB_NAME'];
  expect(Object.keys(example).sort()).toEqual([...host, ...ours].sort());
});

it('agrees with host.json', () => {
  expect(readJson('host.json')).toMatchObject({
    extensions: {
      http: { routePrefix: ROUTE_PREFIX },
      durableTask: {
        hubName: '%TASKHUB_NAME%',
        defaultVersion: '1.0.0',
        tracing: { traceInputsAndOutputs: false, traceReplayEvents: false },
      },
    },
  });
});
