import { z } from 'zod';
import { checkSchema, blockers } from '../../../domain/checks';
import { comparisonSchema } from '../../../domain/comparison';
import { migrationErrorSchema } from '../../../domain/failures';
import { accessCountsSchema, countResults, grantRecordSchema, grantSchema, noAccess } from '../../../domain/grants';
import {
  cancelRequestSchema,
  linksSchema,
  migrationListSchema,
  migrationRequestSchema,
  reportSchema,
} from '../../../domain/migration';
import { breakerStateSchema, closeBreakerRequestSchema, inviteBreakerSchema } from '../../../domain/inviteBreaker';
import { guestLockSchema, migrationRecordSchema, newRecord } from '../../../domain/record';
import { snapshotSchema } from '../../../domain/snapshot';
import { outcomeOf, steps, switchInputSchema } from '../../../domain/steps';

const ID = '01d00000-0000-4000-8000-000000000001';
const AT = '2026-03-01T08:00:00.000Z';
const grant = { kind: 'profile', key: 'city', name: 'city', data: {} };
const request = migrationRequestSchema.parse({ guest: ID });
const record = newRecord({ id: 'm-1', guestId: ID, request, startedBy: 'test', now: AT });
const guest = {
  id: ID,
  displayName: '',
  userPrincipalName: '',
  mail: null,
  preferredLanguage: null,
  createdDateTime: null,
  identities: [],
};

/** A schema of everything that is stored or comes from outside, with a value that it takes. */
const schemas: [string, z.ZodType, Record<string, unknown>][] = [
  ['request', migrationRequestSchema, { guest: ID }],
  ['cancel request', cancelRequestSchema, {}],
  ['closing of the breaker', closeBreakerRequestSchema, { by: 'Grace' }],
  ['breaker', inviteBreakerSchema, { openedAt: AT, migrationId: 'm-1', lastTriedAt: AT }],
  [
    'state of the breaker',
    breakerStateSchema,
    { state: 'closed', openedAt: null, migrationId: null, closedAt: null, closedBy: null },
  ],
  ['links', linksSchema, { self: '', result: '', report: '', cancel: '' }],
  ['list', migrationListSchema, { value: [], continuation: null }],
  ['report', reportSchema, { migrationId: 'm-1', outcome: null, grants: [], comparison: null, recommendation: null }],
  ['record', migrationRecordSchema, record],
  ['lock', guestLockSchema, { guestId: ID, migrationId: 'm-1', lockedAt: AT }],
  ['grant', grantSchema, grant],
  ['grant result', grantRecordSchema, { index: 0, result: 'restored', detail: '' }],
  ['counts', accessCountsSchema, noAccess],
  ['check', checkSchema, { id: 'guest-exists', ok: true, severity: 'blocking', detail: '', fix: '' }],
  ['comparison', comparisonSchema, { equal: 0, missing: [], extra: [] }],
  ['error', migrationErrorSchema, { code: 'undo-failed', detail: '' }],
  [
    'snapshot',
    snapshotSchema,
    { version: 1, migrationId: 'm-1', takenAt: AT, tenantId: ID, guest, sponsorIds: [], grants: [grant] },
  ],
  [
    'input of the orchestration',
    switchInputSchema,
    { migrationId: 'm-1', dryRun: false, acceptWithinDays: 30, parallelRestores: 4 },
  ],
  ['outcome of a step', outcomeOf(z.strictObject({})), { ok: true, value: {} }],
];

it.each(schemas)('%s: a field that is not known is refused, a missing one too', (_name, schema, good) => {
  expect(schema.safeParse(good).error).toBeUndefined();
  expect(schema.safeParse({ ...good, surprise: 1 }).success).toBe(false);
  expect(schema.safeParse(null).success).toBe(false);
  expect(schema.safeParse([good]).success).toBe(false);
});

it('a snapshot of a version that is not known is refused', () => {
  const snapshot = { version: 2, migrationId: 'm-1', takenAt: AT, tenantId: ID, guest, sponsorIds: [], grants: [] };
  expect(snapshotSchema.safeParse(snapshot).success).toBe(false);
});

it.each(Object.entries(steps))(
  'the step %s takes and gives no field beyond its contract',
  (_name, { input, output }) => {
    for (const schema of [input, output]) {
      const unknown = schema.safeParse({ surprise: 1 }).error?.issues ?? [];
      expect(unknown.some((issue) => issue.code === 'unrecognized_keys')).toBe(true);
    }
  },
);

it('an outcome of a step is exactly one of the three forms', () => {
  const schema = outcomeOf(z.strictObject({}));
  const failure = { code: 'undo-failed', detail: '' };
  expect(schema.safeParse({ ok: false, failure }).success).toBe(true);
  expect(schema.safeParse({ ok: false, afterSeconds: 0 }).success).toBe(true);
  for (const bad of [
    { ok: true },
    { ok: false },
    { ok: false, value: {} },
    { ok: false, afterSeconds: -1 },
    { ok: false, failure, afterSeconds: 1 },
    { ok: false, failure: { code: 'made-up', detail: '' } },
  ]) {
    expect(schema.safeParse(bad).success).toBe(false);
  }
});

it('contracts of steps have no place for an address or a link', () => {
  const fields = Object.values(steps).flatMap(({ input, output }) => [
    ...Object.keys(input.shape),
    ...Object.keys(output.shape),
  ]);
  expect(fields.filter((field) => /mail|address|url|name|token/i.test(field))).toEqual([]);
});

it('counts results by kind, and leaves grants without a result in captured only', () => {
  const results = (['restored', 'restored', 'manual', 'failed', 'alreadyPresent'] as const).map((result, index) => ({
    index,
    result,
    detail: '',
  }));
  expect(countResults(7, results)).toEqual({ captured: 7, restored: 2, alreadyPresent: 1, manual: 1, failed: 1 });
});

it('only blocking rows that failed are blockers', () => {
  const rows = [true, false].flatMap((ok) =>
    (['blocking', 'warning'] as const).map((severity) => ({
      id: 'guest-exists' as const,
      ok,
      severity,
      detail: '',
      fix: '',
    })),
  );
  expect(blockers(rows)).toEqual([expect.objectContaining({ ok: false, severity: 'blocking' })]);
});

it('defaults of a request are those of the design', () => {
  expect(request).toEqual({
    guest: ID,
    strategy: 'recreate',
    dryRun: false,
    approval: false,
    acceptWithinDays: 30,
    skipAccess: [],
  });
});
