import { readSettings, settingsTable } from '../../../adapters/settings';

const tenant = 'AAAAAAAA-2222-4333-8444-555555555555';
const secret = 'a-secret-of-the-notifications';
const signingSecret = 'a-secret-of-the-callbacks-0123456789';
const least = {
  AZURE_TENANT_ID: tenant,
  APP_BASE_URL: 'https://app.example/switch',
  NOTIFICATION_SECRET: secret,
  RECORDS_CONNECTION_STRING: 'UseDevelopmentStorage=true',
};

function messageOf(env: Record<string, string | undefined>): string {
  try {
    readSettings(env);
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return 'accepted';
}

test('the least that must be set, and the defaults', () => {
  expect(readSettings({ ...least, PATH: '/bin', FUNCTIONS_WORKER_RUNTIME: 'node', POLL_MINUTES: '' })).toEqual({
    tenantId: tenant.toLowerCase(),
    clientId: undefined,
    appBaseUrl: 'https://app.example/switch',
    graphEndpoint: 'https://graph.microsoft.com',
    armEndpoint: 'https://management.azure.com',
    inviteRedirectUrl: `https://myapplications.microsoft.com/?tenantid=${tenant}`,
    invitationMail: 'microsoft',
    mailbox: '',
    organizationName: undefined,
    notificationSecret: secret,
    records: { connectionString: 'UseDevelopmentStorage=true' },
    pollMinutes: 120,
    purgeAfterRedemption: false,
    wrongAccountRounds: 3,
    consistencySeconds: 120,
    parallelRestores: 4,
    httpTimeoutSeconds: 30,
    protectedGuests: [],
    domainPolicyCheck: 'beta',
    skipAccess: [],
    rewriteConditionalAccess: false,
    approvalRequired: false,
    approvalTimeoutHours: 72,
    approvalFourEyes: false,
    dailyBudget: 50,
    callbackHosts: [],
    callbackSecret: '',
  });
});

test('everything set, records by identity', () => {
  const settings = readSettings({
    AZURE_TENANT_ID: tenant,
    APP_BASE_URL: 'http://localhost:7071',
    NOTIFICATION_SECRET: secret,
    AZURE_CLIENT_ID: tenant,
    GRAPH_ENDPOINT: 'https://localhost:8443',
    INVITATION_MAIL: 'mailbox',
    MAILBOX: 'guests@contoso.example',
    ORGANIZATION_NAME: 'Contoso',
    RECORDS_BLOB_ENDPOINT: 'https://account.blob.example/',
    RECORDS_TABLE_ENDPOINT: 'https://account.table.example',
    PROTECTED_GUESTS: ` ${tenant} ,, 11111111-2222-4333-8444-555555555555`,
    DOMAIN_POLICY_CHECK: 'off',
    SKIP_ACCESS: 'license, azureRole ,',
    CONDITIONAL_ACCESS_REWRITE: 'on',
    APPROVAL: 'required',
    APPROVAL_TIMEOUT_HOURS: '720',
    APPROVAL_FOUR_EYES: 'on',
    WRONG_ACCOUNT_ROUNDS: '10',
    PURGE: 'afterRedemption',
    DAILY_BUDGET: '10000',
    CALLBACK_HOSTS: ' Hooks.Example.com ,, *.contoso.example',
    CALLBACK_SECRET: signingSecret,
  });
  expect(settings).toMatchObject({
    clientId: tenant.toLowerCase(),
    graphEndpoint: 'https://localhost:8443',
    invitationMail: 'mailbox',
    mailbox: 'guests@contoso.example',
    organizationName: 'Contoso',
    records: { blobEndpoint: 'https://account.blob.example', tableEndpoint: 'https://account.table.example' },
    protectedGuests: [tenant.toLowerCase(), '11111111-2222-4333-8444-555555555555'],
    domainPolicyCheck: 'off',
    skipAccess: ['license', 'azureRole'],
    rewriteConditionalAccess: true,
    approvalRequired: true,
    wrongAccountRounds: 10,
    purgeAfterRedemption: true,
    approvalTimeoutHours: 720,
    approvalFourEyes: true,
    dailyBudget: 10_000,
    callbackHosts: ['hooks.example.com', '*.contoso.example'],
    callbackSecret: signingSecret,
  });
  for (const part of [
    settings,
    settings.records,
    settings.protectedGuests,
    settings.skipAccess,
    settings.callbackHosts,
  ])
    expect(Object.isFrozen(part)).toBe(true);
});

test('all problems come at once, each with its variable, none with its value', () => {
  const connection = 'AccountName=x;AccountKey=very-secret-key';
  const message = messageOf({
    AZURE_CLIENT_ID: 'not-a-guid',
    APP_BASE_URL: 'http://app.example/',
    GRAPH_ENDPOINT: 'http://graph.example',
    ARM_ENDPOINT: 'https://arm.example/path',
    INVITE_REDIRECT_URL: 'javascript:alert(1)',
    INVITATION_MAIL: 'yes',
    MAILBOX: 'guests/../x@contoso.example',
    ORGANIZATION_NAME: 'x'.repeat(101),
    NOTIFICATION_SECRET: 'short-secret',
    RECORDS_CONNECTION_STRING: connection,
    RECORDS_BLOB_ENDPOINT: 'https://account.blob.example',
    POLL_MINUTES: '43201',
    CONSISTENCY_SECONDS: '0',
    PARALLEL_RESTORES: '1.5',
    HTTP_TIMEOUT_SECONDS: '-1',
    PROTECTED_GUESTS: 'somebody@example.com',
    DOMAIN_POLICY_CHECK: 'v1.0',
    SKIP_ACCESS: 'license,mailbox',
    CONDITIONAL_ACCESS_REWRITE: 'maybe',
    APPROVAL: 'always',
    APPROVAL_TIMEOUT_HOURS: '721',
    APPROVAL_FOUR_EYES: 'true',
    WRONG_ACCOUNT_ROUNDS: '11',
    PURGE: 'never',
    DAILY_BUDGET: '0',
    CALLBACK_HOSTS: '10.0.0.1',
    CALLBACK_SECRET: 'short-signing-secret',
  });
  for (const { name } of settingsTable) expect(message).toContain(name);
  expect(message).toContain('AZURE_TENANT_ID is missing');
  expect(message).toContain('POLL_MINUTES must be a whole number from 1 to 43200');
  for (const value of [
    'short-signing-secret',
    '10.0.0.1',
    'short-secret',
    'very-secret-key',
    'somebody@example.com',
    'javascript',
    'not-a-guid',
  ]) {
    expect(message).not.toContain(value);
  }
  expect(message.split('\n')).toHaveLength(1 + settingsTable.length - 2);
});

test.each([
  [{ RECORDS_CONNECTION_STRING: undefined }, 'RECORDS_CONNECTION_STRING, or RECORDS_BLOB_ENDPOINT with'],
  [
    { RECORDS_CONNECTION_STRING: undefined, RECORDS_BLOB_ENDPOINT: 'https://b.example' },
    'RECORDS_TABLE_ENDPOINT is missing',
  ],
  [
    { RECORDS_CONNECTION_STRING: undefined, RECORDS_TABLE_ENDPOINT: 'https://t.example' },
    'RECORDS_BLOB_ENDPOINT is missing',
  ],
  [{ RECORDS_TABLE_ENDPOINT: 'https://t.example' }, 'must not be set together'],
  [{ RECORDS_CONNECTION_STRING: 'nonsense' }, 'RECORDS_CONNECTION_STRING must be the connection string'],
])('records are in exactly one place: %j', (change, expected) => {
  expect(messageOf({ ...least, ...change })).toContain(expected);
});

test.each([
  ['https://app.example', true],
  ['http://127.0.0.1:7071', true],
  ['http://localhost:7071/', false],
  ['https://app.example/?x=1', false],
  ['https://user:pass@app.example', false],
  ['app.example', false],
])('APP_BASE_URL %s', (url, ok) => {
  expect(messageOf({ ...least, APP_BASE_URL: url }) === 'accepted').toBe(ok);
});

test.each([
  ['hooks.example.com', true],
  ['*.example.com,hooks.contoso.example', true],
  ['xn--bcher-kva.example', true],
  ['*', false],
  ['*.com', false],
  ['localhost', false],
  ['127.0.0.1', false],
  ['[::1]', false],
  ['https://hooks.example.com', false],
  ['hooks.example.com:8443', false],
  ['hooks.example.com/a', false],
  ['a*.example.com', false],
  ['hooks.example.com.', false],
])('CALLBACK_HOSTS %s', (hosts, ok) => {
  expect(messageOf({ ...least, CALLBACK_HOSTS: hosts, CALLBACK_SECRET: signingSecret }) === 'accepted').toBe(ok);
});

test.each([
  ['x'.repeat(31), false],
  ['x'.repeat(32), true],
  ['x'.repeat(128), true],
  ['x'.repeat(129), false],
  [`whsec_${Buffer.alloc(24, 7).toString('base64')}`, true],
  [`whsec_${Buffer.alloc(64, 7).toString('base64')}`, true],
  [`whsec_${Buffer.alloc(23, 7).toString('base64')}`, false],
  [`whsec_${Buffer.alloc(65, 7).toString('base64')}`, false],
  [`whsec_not base64 at all, but long enough`, false],
])('CALLBACK_SECRET %s', (value, ok) => {
  expect(messageOf({ ...least, CALLBACK_HOSTS: 'hooks.example.com', CALLBACK_SECRET: value }) === 'accepted').toBe(ok);
});

test('hosts of callbacks ask for the secret, and both problems come together', () => {
  expect(messageOf({ ...least, CALLBACK_HOSTS: 'hooks.example.com' })).toContain('CALLBACK_SECRET is missing');
  const both = messageOf({ ...least, CALLBACK_HOSTS: 'no host' });
  expect(both).toContain('CALLBACK_HOSTS must be host names');
  expect(both).toContain('CALLBACK_SECRET is missing');
  expect(messageOf({ ...least, CALLBACK_SECRET: signingSecret })).toBe('accepted');
});

test('the table marks the secrets and shows every default', () => {
  expect(settingsTable.filter(({ secret: hidden }) => hidden).map(({ name }) => name)).toEqual([
    'NOTIFICATION_SECRET',
    'RECORDS_CONNECTION_STRING',
    'CALLBACK_SECRET',
  ]);
  expect(settingsTable.find(({ name }) => name === 'PARALLEL_RESTORES')).toMatchObject({
    default: '4',
    required: false,
  });
  expect(settingsTable.every(({ meaning }) => meaning.endsWith('.'))).toBe(true);
});

test('a mailbox is asked for together with other problems, and only where mails go through it', () => {
  const message = messageOf({ ...least, INVITATION_MAIL: 'mailbox', POLL_MINUTES: '0' });
  expect(message).toContain('MAILBOX is missing: it goes together with INVITATION_MAIL=mailbox');
  expect(message).toContain('POLL_MINUTES');
  expect(messageOf({ ...least, INVITATION_MAIL: 'mailbox', MAILBOX: tenant })).toBe('accepted');
  expect(messageOf({ ...least, INVITATION_MAIL: 'caller' })).toBe('accepted');
});
