import { z } from 'zod';
import type { GrantKind } from '../domain/grants';
import { variables } from './variables';

/** Where the records are: a connection string (emulator), or endpoints that the managed identity may use. */
export type RecordsLocation = Readonly<{ connectionString: string } | { blobEndpoint: string; tableEndpoint: string }>;

/** Everything that can be configured, checked and frozen. Optional variables that are absent are `undefined`. */
export type Settings = Readonly<{
  tenantId: string;
  clientId: string | undefined;
  appBaseUrl: string;
  graphEndpoint: string;
  armEndpoint: string;
  inviteRedirectUrl: string;
  invitationMail: 'microsoft' | 'mailbox' | 'caller';
  /** Empty only when no mails are sent through one. */
  mailbox: string;
  organizationName: string | undefined;
  notificationSecret: string;
  records: RecordsLocation;
  pollMinutes: number;
  consistencySeconds: number;
  parallelRestores: number;
  httpTimeoutSeconds: number;
  protectedGuests: readonly string[];
  domainPolicyCheck: 'beta' | 'off';
  skipAccess: readonly GrantKind[];
  rewriteConditionalAccess: boolean;
  approvalRequired: boolean;
  approvalTimeoutHours: number;
  approvalFourEyes: boolean;
  wrongAccountRounds: number;
  /** Whether the soft-deleted guest is kept until the new identity is proven. */
  purgeAfterRedemption: boolean;
  dailyBudget: number;
  /** In lower case. Empty: callbacks are off. */
  callbackHosts: readonly string[];
  /** Empty only when callbacks are off. */
  callbackSecret: string;
}>;

/** One row a variable, for the documentation and the example settings. `default` is undefined when there is none. */
export const settingsTable = Object.entries(variables).map(([name, variable]) => ({
  name,
  required: variable.required,
  default: 'fallback' in variable ? variable.fallback : undefined,
  secret: variable.secret,
  meaning: variable.meaning,
}));

type Name = keyof typeof variables;

const names = Object.keys(variables) as Name[];
const shapes = Object.fromEntries(names.map((name) => [name, variables[name].shape])) as {
  [N in Name]: (typeof variables)[N]['shape'];
};
const environment = z.strictObject(shapes);
type Values = z.output<typeof environment>;

/**
 * Reads the settings. Only the names of `settingsTable` are looked at; an empty value counts as absent.
 *
 * @param env usually `process.env`
 * @throws Error that lists every variable with a problem and what is wrong with it; never a value
 */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const given = withDefaults(env);
  const parsed = environment.safeParse(given);
  const problems = [...valueProblems(parsed, given), ...locationProblems(given), ...callbackProblems(given), ...mailProblems(given)];
  if (!parsed.success || problems.length > 0) {
    throw new Error(['The settings are not valid:', ...problems.map((problem) => `- ${problem}`)].join('\n'));
  }
  return frozen(parsed.data);
}

function withDefaults(env: Record<string, string | undefined>): Record<string, string> {
  const given: Record<string, string> = {};
  for (const { name, default: fallback } of settingsTable) {
    const value = env[name] === undefined || env[name] === '' ? fallback : env[name];
    if (value !== undefined) given[name] = value.replace('<AZURE_TENANT_ID>', env['AZURE_TENANT_ID'] ?? '');
  }
  return given;
}

function valueProblems(parsed: z.ZodSafeParseResult<unknown>, given: Record<string, string>): string[] {
  const messages = new Map<string, string>();
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0]);
    if (!messages.has(name)) messages.set(name, given[name] === undefined ? 'is missing' : issue.message);
  }
  return [...messages].map(([name, message]) => `${name} ${message}`);
}

function locationProblems(given: Record<string, string>): string[] {
  const blob = given['RECORDS_BLOB_ENDPOINT'] !== undefined;
  const table = given['RECORDS_TABLE_ENDPOINT'] !== undefined;
  if (given['RECORDS_CONNECTION_STRING'] !== undefined) {
    return blob || table
      ? ['RECORDS_CONNECTION_STRING must not be set together with RECORDS_BLOB_ENDPOINT or RECORDS_TABLE_ENDPOINT']
      : [];
  }
  if (!blob && !table) {
    return ['RECORDS_CONNECTION_STRING, or RECORDS_BLOB_ENDPOINT with RECORDS_TABLE_ENDPOINT, is missing'];
  }
  if (!table) return ['RECORDS_TABLE_ENDPOINT is missing: it goes together with RECORDS_BLOB_ENDPOINT'];
  if (!blob) return ['RECORDS_BLOB_ENDPOINT is missing: it goes together with RECORDS_TABLE_ENDPOINT'];
  return [];
}

function callbackProblems(given: Record<string, string>): string[] {
  const unsigned = given['CALLBACK_HOSTS'] !== undefined && given['CALLBACK_SECRET'] === undefined;
  return unsigned ? ['CALLBACK_SECRET is missing: it goes together with CALLBACK_HOSTS'] : [];
}

function mailProblems(given: Record<string, string>): string[] {
  const nowhere = given['INVITATION_MAIL'] === 'mailbox' && given['MAILBOX'] === undefined;
  return nowhere ? ['MAILBOX is missing: it goes together with INVITATION_MAIL=mailbox'] : [];
}

function frozen(values: Values): Settings {
  return Object.freeze({
    tenantId: values.AZURE_TENANT_ID,
    clientId: values.AZURE_CLIENT_ID,
    appBaseUrl: values.APP_BASE_URL,
    graphEndpoint: values.GRAPH_ENDPOINT,
    armEndpoint: values.ARM_ENDPOINT,
    inviteRedirectUrl: values.INVITE_REDIRECT_URL,
    invitationMail: values.INVITATION_MAIL,
    mailbox: values.MAILBOX ?? '',
    organizationName: values.ORGANIZATION_NAME,
    notificationSecret: values.NOTIFICATION_SECRET,
    records: Object.freeze(location(values)),
    pollMinutes: values.POLL_MINUTES,
    consistencySeconds: values.CONSISTENCY_SECONDS,
    parallelRestores: values.PARALLEL_RESTORES,
    httpTimeoutSeconds: values.HTTP_TIMEOUT_SECONDS,
    protectedGuests: Object.freeze([...(values.PROTECTED_GUESTS ?? [])]),
    domainPolicyCheck: values.DOMAIN_POLICY_CHECK,
    skipAccess: Object.freeze([...(values.SKIP_ACCESS ?? [])]),
    rewriteConditionalAccess: values.CONDITIONAL_ACCESS_REWRITE,
    approvalRequired: values.APPROVAL,
    approvalTimeoutHours: values.APPROVAL_TIMEOUT_HOURS,
    approvalFourEyes: values.APPROVAL_FOUR_EYES,
    wrongAccountRounds: values.WRONG_ACCOUNT_ROUNDS,
    purgeAfterRedemption: values.PURGE,
    dailyBudget: values.DAILY_BUDGET,
    callbackHosts: Object.freeze([...(values.CALLBACK_HOSTS ?? [])]),
    callbackSecret: values.CALLBACK_SECRET ?? '',
  });
}

function location(values: Values): RecordsLocation {
  const { RECORDS_CONNECTION_STRING: connectionString } = values;
  if (connectionString !== undefined) return { connectionString };
  return { blobEndpoint: values.RECORDS_BLOB_ENDPOINT ?? '', tableEndpoint: values.RECORDS_TABLE_ENDPOINT ?? '' };
}
