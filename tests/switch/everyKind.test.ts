import { accessKinds } from '../../access';
import { outsideOf } from '../../activities/capture';
import { kindSchema } from '../../domain/grants';
import { guests } from '../../local/tenant/seed/ids';
import { accessIn } from '../../local/tenantAccess';
import { switchInProcess, type Switched } from '../support/switchInProcess';
import { everybodyElse, wholeTenant } from '../support/wholeTenant';

let run: Switched;
beforeAll(async () => {
  run = await switchInProcess({ guestId: guests.mara, settings: { rewriteConditionalAccess: true } });
}, 60_000);
afterAll(() => run.close());

describe('a guest who holds every kind of grant at once', () => {
  it('the report lists each kind', () => {
    const kinds = new Set(run.report.grants.map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(kindSchema.options));
    process.stdout.write(`kinds captured: ${kinds.size}, grants: ${run.report.grants.length}\n`);
  });

  it('captured = restored + alreadyPresent + manual + failed, nothing failed (invariant 3)', () => {
    const { captured, restored, alreadyPresent, manual, failed } = run.record.access;
    expect(run.record).toMatchObject({ status: 'Succeeded', error: null });
    expect(captured).toBe(restored + alreadyPresent + manual + failed);
    expect(run.report.grants.filter(({ result }) => result === 'failed' || result === 'planned')).toEqual([]);
    expect(restored).toBeGreaterThan(manual);
  });

  it("the tenant's own state confirms each: only what is left to people is missing", () => {
    const has = new Set(accessIn(run.after, String(run.record.guest.newId)));
    const manual = run.report.grants.filter(({ result }) => result === 'manual').map(({ key }) => key);
    const lost = accessIn(run.before, guests.mara).filter((line) => !has.has(line));
    expect(lost.filter((line) => !manual.some((key) => line.includes(key.toLowerCase())))).toEqual([]);
  });

  it("nobody else's access changed at all", () => {
    const both = [guests.mara, String(run.record.guest.newId)];
    expect(everybodyElse(run.after, both)).toEqual(everybodyElse(run.before, both));
  });

  it('the comparison finds nothing missing but what is left to people, and nothing extra', () => {
    const manual = new Set(
      run.report.grants.filter(({ result }) => result === 'manual').map(({ kind, key }) => `${kind} ${key}`),
    );
    const { missing = [], extra = [] } = run.report.comparison ?? {};
    expect(missing.filter(({ kind, key }) => !manual.has(`${kind} ${key}`))).toEqual([]);
    expect(extra).toEqual([]);
  });

  it('manual grants say what to do, without addresses', () => {
    const manual = run.report.grants.filter(({ result }) => result === 'manual');
    expect(manual.length).toBeGreaterThan(5);
    for (const { detail } of manual) {
      expect(detail.length).toBeGreaterThan(30);
      expect(detail).not.toMatch(/\w@\w+\.\w/);
    }
  });

  it.each(kindSchema.options)('%s: restored once more, nothing is doubled', async (kind) => {
    const newId = String(run.record.guest.newId);
    const snapshot = await run.deps.documents.readSnapshot(run.record.id, run.record.snapshotHash ?? '');
    const grants = (snapshot?.grants ?? []).filter((grant) => grant.kind === kind && grant.instruction === undefined);
    const before = wholeTenant(await run.tenant.state(), newId);
    const attempts = await accessKinds[kind].restore(grants, newId, outsideOf(run.deps));
    expect(
      attempts.map(({ result }) => result).filter((result) => !['restored', 'alreadyPresent'].includes(result)),
    ).toEqual([]);
    expect(attempts).toHaveLength(grants.length);
    expect(wholeTenant(await run.tenant.state(), newId)).toEqual(before);
  });
});
