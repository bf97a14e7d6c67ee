import { guests } from '../../local/tenant/seed/ids';
import { kindSchema } from '../../domain/grants';
import { isWrite } from '../support/requestLog';
import { switchInProcess, type Switched } from '../support/switchInProcess';
import { wholeTenant } from '../support/wholeTenant';

let run: Switched;
beforeAll(async () => {
  run = await switchInProcess({ guestId: guests.mara, dryRun: true });
  await run.close();
});

it('changes nothing: the request log shows reads only', () => {
  expect(run.requests.length).toBeGreaterThan(20);
  expect(run.requests.filter(isWrite).map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  expect(wholeTenant(run.after, null)).toEqual(wholeTenant(run.before, null));
});

it('answers with the plan: every grant, and how it will be restored or why not', () => {
  expect(run.record).toMatchObject({ outcome: 'planned', status: 'Succeeded', error: null });
  expect(new Set(run.report.grants.map(({ kind }) => kind))).toEqual(new Set(kindSchema.options));
  for (const { result, detail } of run.report.grants) {
    expect(result).toBe('planned');
    expect(detail).toMatch(
      /^By hand: .{30,}|^Would be restored to the new guest: (POST|PUT|PATCH|through the access package) /,
    );
  }
});

it('recommends a strategy with its reason, as a row and in the report', () => {
  expect(run.report.recommendation).toMatchObject({ strategy: 'recreate' });
  expect(run.report.recommendation?.reason).toMatch(/has directory roles in PIM \(\d+\)/);
  const row = run.record.checks.find(({ id }) => id === 'strategy-recommended');
  expect(row).toMatchObject({ ok: true, severity: 'warning' });
  expect(row?.detail).toContain(run.report.recommendation?.reason ?? 'no reason');
});
