import type { HttpCode } from '../domain/failures';
import type { RouteName } from './routes';

/** Names of the body schemas in the OpenAPI document. */
export type SchemaName =
  | 'MigrationRequest'
  | 'CancelRequest'
  | 'ResendRequest'
  | 'ResumeRequest'
  | 'DecisionRequest'
  | 'Migration'
  | 'MigrationList'
  | 'Report'
  | 'Health'
  | 'CloseBreakerRequest'
  | 'InviteBreaker'
  | 'NotificationDelivery'
  | 'Problem';

type HeaderName = 'Location' | 'Operation-Location' | 'Retry-After' | 'Content-Disposition';
type ParameterName =
  'id' | 'status' | 'top' | 'continuation' | 'format' | 'Idempotency-Key' | 'validationToken' | 'token' | 'lang';

export interface Answer {
  description: string;
  /** Content type → name of the schema, or null for plain text. */
  content?: Partial<Record<'application/json' | 'text/plain' | 'text/csv' | 'text/html', SchemaName | null>>;
  headers?: readonly HeaderName[];
}

export interface Operation {
  summary: string;
  parameters?: readonly ParameterName[];
  body?: { schema: SchemaName; required: boolean };
  answers: Readonly<Record<number, Answer>>;
  problems: readonly HttpCode[];
}

const bodyProblems = [
  'body-too-large',
  'content-type-not-json',
  'body-not-utf8',
  'body-not-json',
  'invalid-body',
] as const satisfies readonly HttpCode[];
const everywhere = ['invalid-query', 'records-unavailable', 'unexpected-error'] as const satisfies readonly HttpCode[];
/** Of every route that changes one migration. */
const ofChange = [
  ...everywhere,
  ...bodyProblems,
  'unknown-field',
  'invalid-id',
  'migration-not-found',
] as const satisfies readonly HttpCode[];
const accepted = ['Location', 'Operation-Location', 'Retry-After'] as const;
const page = { 'text/html': null } as const;
const migration = { 'application/json': 'Migration' } as const;

/** What the OpenAPI document says about each route. */
export const operations: Record<RouteName, Operation> = {
  startMigration: {
    summary: 'Start a migration',
    parameters: ['Idempotency-Key'],
    body: { schema: 'MigrationRequest', required: true },
    answers: { 202: { description: 'The migration, which now runs', content: migration, headers: accepted } },
    problems: [
      ...everywhere,
      ...bodyProblems,
      'unknown-field',
      'invalid-header',
      'feature-not-available',
      'callback-not-allowed',
      'idempotency-key-reused',
      'guest-already-migrating',
      'invite-breaker-open',
      'daily-budget-used-up',
      'directory-unavailable',
    ],
  },
  listMigrations: {
    summary: 'List migrations, newest first',
    parameters: ['status', 'top', 'continuation'],
    answers: { 200: { description: 'One page', content: { 'application/json': 'MigrationList' } } },
    problems: everywhere,
  },
  getMigration: {
    summary: 'Monitor a migration',
    parameters: ['id'],
    answers: { 200: { description: 'The migration as it is now', content: migration, headers: ['Retry-After'] } },
    problems: [...everywhere, 'invalid-id', 'migration-not-found'],
  },
  getResult: {
    summary: 'Poll until a migration has ended',
    parameters: ['id'],
    answers: {
      200: { description: 'The migration has ended', content: migration },
      202: { description: 'The migration still runs', content: migration, headers: accepted },
    },
    problems: [...everywhere, 'invalid-id', 'migration-not-found'],
  },
  getReport: {
    summary: 'Every grant with its result',
    parameters: ['id', 'format'],
    answers: {
      200: {
        description: 'The report as it is now',
        content: { 'application/json': 'Report', 'text/csv': null },
        headers: ['Content-Disposition'],
      },
    },
    problems: [...everywhere, 'invalid-id', 'migration-not-found'],
  },
  approveMigration: decision('Approve the plan of a migration', 'The plan will be carried out', [
    'approver-is-starter',
  ]),
  rejectMigration: decision('Reject the plan of a migration', 'The migration will end', []),
  resendInvitation: {
    summary: 'Send the invitation again, with the whole time to accept; after a wrong account it is reset',
    parameters: ['id'],
    body: { schema: 'ResendRequest', required: false },
    answers: { 202: { description: 'The invitation will be sent again', content: migration, headers: accepted } },
    problems: [...ofChange, 'feature-not-available', 'migration-ended', 'nothing-to-resend'],
  },
  resumeMigration: {
    summary: 'Go on where a migration ended after the point of no return, as a new one from the same snapshot',
    parameters: ['id'],
    body: { schema: 'ResumeRequest', required: false },
    answers: { 202: { description: 'The new migration, which now runs', content: migration, headers: accepted } },
    problems: [...ofChange, 'nothing-to-resume', 'already-resumed', 'guest-already-migrating', 'invite-breaker-open'],
  },
  cancelMigration: {
    summary: 'Undo and end a migration; once the old guest is being purged only back by invitation',
    parameters: ['id'],
    body: { schema: 'CancelRequest', required: false },
    answers: { 202: { description: 'The migration will undo and end', content: migration, headers: accepted } },
    problems: [...ofChange, 'feature-not-available', 'migration-ended', 'past-point-of-no-return'],
  },
  closeInviteBreaker: {
    summary: 'Close the invite breaker, after Microsoft has lifted the block',
    body: { schema: 'CloseBreakerRequest', required: true },
    answers: {
      200: { description: 'The breaker as it is now', content: { 'application/json': 'InviteBreaker' } },
    },
    problems: [...everywhere, ...bodyProblems, 'unknown-field'],
  },
  graphNotifications: webhook('Change notifications of Microsoft Graph'),
  graphLifecycle: webhook('Lifecycle notifications of Microsoft Graph'),
  showGuide: {
    summary: 'The page that guides a guest; changes nothing',
    parameters: ['id', 'token', 'lang'],
    answers: {
      200: { description: 'What to do, or that there is nothing to do', content: page },
      404: { description: 'There is no such page: id or token is wrong', content: page },
    },
    problems: ['records-unavailable', 'directory-unavailable', 'unexpected-error'],
  },
  openInvitation: {
    summary: 'Lead a guest to the invitation',
    parameters: ['id', 'token', 'lang'],
    answers: {
      200: { description: 'There is nothing to accept', content: page },
      303: { description: 'The invitation', headers: ['Location'] },
      404: { description: 'There is no such page: id or token is wrong', content: page },
    },
    problems: ['records-unavailable', 'directory-unavailable', 'unexpected-error'],
  },
  health: {
    summary: 'Whether the app can work',
    answers: {
      200: { description: 'It can', content: { 'application/json': 'Health' } },
      503: {
        description: 'The record store does not answer',
        content: { 'application/json': 'Health' },
        headers: ['Retry-After'],
      },
    },
    problems: ['unexpected-error'],
  },
  openApi: {
    summary: 'This document',
    answers: { 200: { description: 'An OpenAPI 3.1 document', content: { 'application/json': null } } },
    problems: ['invalid-query', 'unexpected-error'],
  },
};

function decision(summary: string, description: string, more: readonly HttpCode[]): Operation {
  return {
    summary,
    parameters: ['id'],
    body: { schema: 'DecisionRequest', required: true },
    answers: { 202: { description, content: migration, headers: accepted } },
    problems: [...ofChange, 'migration-ended', 'approval-not-awaited', 'already-decided', ...more],
  };
}

function webhook(summary: string): Operation {
  return {
    summary,
    parameters: ['validationToken'],
    body: { schema: 'NotificationDelivery', required: false },
    answers: {
      200: { description: 'The validation token, when one was sent', content: { 'text/plain': null } },
      202: { description: 'Taken' },
    },
    problems: [...everywhere, ...bodyProblems, 'notification-refused'],
  };
}
