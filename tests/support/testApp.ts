import { HttpRequest, type HttpResponseInit } from '@azure/functions';
import type { z } from 'zod';
import { readGuide } from '../../adapters/guideTexts';
import { createCallbackSender } from '../../adapters/callbacks';
import type { Documents, Graph, Log } from '../../domain/ports';
import { newRecord, type MigrationRecord } from '../../domain/record';
import { ServiceError } from '../../domain/serviceError';
import type { Snapshot } from '../../domain/snapshot';
import type { SwitchInput } from '../../domain/steps';
import { endpoints } from '../../functions/endpoints';
import { matchesRoute, routes, type RouteName } from '../../functions/routes';
import type { DurableGateway, Services } from '../../functions/services';
import { GUIDE_FOLDER } from './activityWorld';
import { createMemoryRecords, type MemoryRecords } from './memoryRecords';

export const BASE_URL = 'https://switch.example';
export const TENANT_ID = '11111111-2222-4333-8444-555555555555';
export const NOTIFICATION_SECRET = 'a secret of more than sixteen characters';
export const SUBSCRIPTION_ID = 'aaaaaaaa-0000-4000-8000-000000000001';
export const GUEST_ID = 'd0d0d0d0-0000-4000-8000-00000000000a';
export const NEW_ID = 'd0d0d0d0-0000-4000-8000-00000000000b';

export interface TestUser {
  id: string;
  userPrincipalName: string;
  mail?: string;
  otherMails?: string[];
  externalUserState?: string | null;
}

/** The durable engine of a test: remembers what was started and raised; `offline` makes it refuse everything. */
export interface TestEngine extends DurableGateway {
  readonly instances: Map<string, 'running' | 'ended' | 'failed'>;
  readonly inputs: Map<string, SwitchInput>;
  readonly raised: { id: string; event: string }[];
  starts: number;
  offline: boolean;
}

export interface TestCall {
  headers?: Record<string, string>;
  body?: Buffer | string;
}

/** A status, the headers in lower case, and the body as text and, if it is JSON, parsed. */
export interface TestAnswer {
  status: number;
  headers: Headers;
  text: string;
  json: unknown;
  /** Function that answered. */
  answeredBy: RouteName | 'notFound';
}

export interface TestApp {
  services: Services;
  records: MemoryRecords;
  engine: TestEngine;
  users: TestUser[];
  snapshots: Map<string, Snapshot>;
  /** By `{migration id}/{round}`. */
  redeemUrls: Map<string, string>;
  logLines: string[];
  graphPaths: string[];
  /** What was undone by the sweeper: step and guest, in order. */
  undone: string[];
  /** Thrown by Graph for paths that contain the key. */
  graphFaults: Map<string, ServiceError>;
  /** Moves the app's clock forward. */
  advance(ms: number): void;
  /** Sends a request through the route table, as the host does. `path` starts with /api and may have a query. */
  call(method: string, path: string, call?: TestCall): Promise<TestAnswer>;
}

/** The HTTP functions over records, a directory and an engine in memory. */
export function createTestApp(): TestApp {
  let nowMs = Date.parse('2026-11-02T08:00:00.000Z');
  const now = () => new Date(nowMs);
  const records = createMemoryRecords(now);
  const engine = createEngine();
  const users: TestUser[] = [];
  const snapshots = new Map<string, Snapshot>();
  const redeemUrls = new Map<string, string>();
  const logLines: string[] = [];
  const graphPaths: string[] = [];
  const undone: string[] = [];
  const graphFaults = new Map<string, ServiceError>();
  const write =
    (level: string): Log['info'] =>
    (event, fields = {}) =>
      logLines.push(JSON.stringify({ level, event, ...fields }));
  const services: Services = {
    records,
    durable: engine,
    callbacks: createCallbackSender({ hosts: [], secret: '', clock: { now } }),
    undo: undoSteps(undone),
    graph: createGraph(users, graphPaths, graphFaults),
    documents: createDocuments(snapshots, redeemUrls),
    guide: readGuide(GUIDE_FOLDER),
    organizationName: () => Promise.resolve('Contoso'),
    clock: { now },
    log: { info: write('info'), warn: write('warn') },
    settings: {
      baseUrl: BASE_URL,
      tenantId: TENANT_ID,
      notificationSecret: NOTIFICATION_SECRET,
      pollMinutes: 120,
      parallelRestores: 4,
      rewriteConditionalAccess: false,
      approvalRequired: false,
      approvalTimeoutHours: 72,
      approvalFourEyes: false,
      wrongAccountRounds: 3,
      purgeAfterRedemption: false,
      dailyBudget: 50,
      inviteRedirectUrl: 'https://myapps.example',
    },
  };
  return {
    services,
    records,
    engine,
    users,
    snapshots,
    redeemUrls,
    logLines,
    graphPaths,
    undone,
    graphFaults,
    advance: (ms) => {
      nowMs += ms;
    },
    call: (method, path, call = {}) => send(services, method, path, call),
  };
}

/** A row as it is in the middle of a migration; `change` overwrites fields. */
export function recordWith(change: Partial<MigrationRecord> & { id: string }): MigrationRecord {
  const request = {
    guest: GUEST_ID,
    strategy: 'recreate' as const,
    dryRun: false,
    approval: false,
    acceptWithinDays: 30,
    skipAccess: [],
  };
  const now = '2026-11-02T07:00:00.000Z';
  return { ...newRecord({ id: change.id, guestId: GUEST_ID, request, startedBy: 'test', now }), ...change };
}

/** Sends a request through the route table, as the host does. `path` starts with /api and may have a query. */
export async function send(services: Services, method: string, path: string, call: TestCall = {}): Promise<TestAnswer> {
  const url = new URL(path, BASE_URL);
  const below = url.pathname.slice('/api'.length);
  const match = Object.entries(routes).find(([, route]) => route.method === method && matchesRoute(route.route, below));
  const name = (match?.[0] ?? 'notFound') as TestAnswer['answeredBy'];
  const request = new HttpRequest({
    method,
    url: url.href,
    headers: call.headers ?? {},
    params: match === undefined ? {} : parametersOf(match[1].route, below),
    ...(call.body === undefined ? {} : { body: { bytes: Buffer.from(call.body) } }),
  });
  return answerOf(name, await endpoints[name](request, services));
}

function parametersOf(template: string, path: string): Record<string, string> {
  const found = path.split('/').filter((part) => part !== '');
  return Object.fromEntries(
    template
      .split('/')
      .map((part, index): [string, string] => [part, decodeURIComponent(found[index] ?? '')])
      .filter(([part]) => part.startsWith('{'))
      .map(([part, value]) => [part.slice(1, -1), value]),
  );
}

function answerOf(answeredBy: TestAnswer['answeredBy'], answer: HttpResponseInit): TestAnswer {
  const text = typeof answer.body === 'string' ? answer.body : '';
  const headers = new Headers(answer.headers);
  const json: unknown = /json/.test(headers.get('content-type') ?? '') ? JSON.parse(text) : undefined;
  return { status: answer.status ?? 200, headers, text, json, answeredBy };
}

function createEngine(): TestEngine {
  const refused = () => new ServiceError({ service: 'storage', status: 503, code: 'engine-unavailable' });
  const engine: TestEngine = {
    instances: new Map(),
    inputs: new Map(),
    raised: [],
    starts: 0,
    offline: false,
    start: async (id, input) => {
      await Promise.resolve();
      engine.starts += 1;
      if (engine.offline || engine.instances.get(id) === 'running') throw refused();
      engine.instances.set(id, 'running');
      engine.inputs.set(id, input);
    },
    status: async (id) => {
      await Promise.resolve();
      if (engine.offline) throw refused();
      return engine.instances.get(id) ?? 'unknown';
    },
    raise: async (id, event) => {
      await Promise.resolve();
      if (engine.offline) throw refused();
      if (engine.instances.get(id) === 'running') engine.raised.push({ id, event });
    },
  };
  return engine;
}

/** Answers the reads that functions/ makes: users by one of three filters, and one user by id. */
function createGraph(users: TestUser[], paths: string[], faults: Map<string, ServiceError>): Graph {
  const unexpected = () => new Error('functions/ does not call this');
  const enter = (path: string) => {
    paths.push(path);
    for (const [part, fault] of faults) if (path.includes(part)) throw fault;
  };
  return {
    read: async <T extends z.ZodType>(path: string, shape: T) => {
      await Promise.resolve();
      enter(path);
      const id = /^\/users\/([^?]+)/.exec(path)?.[1];
      const user = users.find((each) => each.id === id);
      if (user === undefined) {
        throw new ServiceError({ service: 'graph', status: 404, code: 'Request_ResourceNotFound' });
      }
      return shape.parse(user);
    },
    readAll: async <T extends z.ZodType>(path: string, item: T) => {
      await Promise.resolve();
      enter(path);
      const filter = new URL(path, 'https://graph.example').searchParams.get('$filter') ?? '';
      const [, value = ''] = /eq '(.*)'\)?$/.exec(filter) ?? [];
      const wanted = value.replaceAll("''", "'").toLowerCase();
      const fits = (user: TestUser) => {
        if (filter.startsWith('userPrincipalName eq')) return user.userPrincipalName.toLowerCase() === wanted;
        if (filter.startsWith('mail eq')) return user.mail?.toLowerCase() === wanted;
        return (user.otherMails ?? []).some((mail) => mail.toLowerCase() === wanted);
      };
      return users.filter(fits).map((user) => item.parse({ id: user.id }));
    },
    query: () => Promise.reject(unexpected()),
    write: () => Promise.reject(unexpected()),
    ownIdentity: () => Promise.reject(unexpected()),
  };
}

/** The undoing steps, which always succeed and say what they did. */
function undoSteps(undone: string[]): Services['undo'] {
  const step = (name: string, id: string, value: object) => {
    undone.push(`${name} ${id}`);
    return Promise.resolve({ ok: true, value } as const);
  };
  return {
    undeleteGuest: ({ guestId }) => step('undeleteGuest', guestId, { guest: 'present' }),
    removeInvited: ({ newId }) => step('removeInvited', newId, { invited: 'removed' }),
    giveBackRoles: ({ guestId }) => step('giveBackRoles', guestId, { retry: false, afterSeconds: 0 }),
  };
}

function createDocuments(snapshots: Map<string, Snapshot>, redeemUrls: Map<string, string>): Documents {
  const unexpected = () => Promise.reject(new Error('functions/ does not call this'));
  return {
    writeSnapshot: unexpected,
    readSnapshot: (id) => Promise.resolve(structuredClone(snapshots.get(id))),
    writeReport: unexpected,
    writeRedeemUrl: unexpected,
    readRedeemUrl: (id, round) => Promise.resolve(redeemUrls.get(`${id}/${round}`)),
  };
}
