import fc from 'fast-check';
import { outcomeSchema, phaseSchema, progressOf, statusOf, storyPhases, type Outcome } from '../../../domain/phases';

it('every outcome ends in one status of a long-running operation', () => {
  const expected: Record<Outcome, string> = {
    completed: 'Succeeded',
    completedWithGaps: 'Succeeded',
    planned: 'Succeeded',
    cancelled: 'Canceled',
    rejected: 'Failed',
    expired: 'Failed',
    failed: 'Failed',
  };
  for (const outcome of outcomeSchema.options) expect(statusOf(outcome)).toBe(expected[outcome]);
});

describe('progress', () => {
  const counts = fc
    .tuple(fc.nat(500), fc.nat(500))
    .map(([a, b]) => ({ captured: Math.max(a, b), done: Math.min(a, b) }));

  it('never leaves 0..total, in any phase', () => {
    fc.assert(
      fc.property(fc.constantFrom(...phaseSchema.options), counts, (phase, grants) => {
        const { done, total } = progressOf(phase, grants);
        expect(done).toBeGreaterThanOrEqual(0);
        expect(done).toBeLessThanOrEqual(total);
      }),
    );
  });

  it('grows from phase to phase of the story, and is complete at the end', () => {
    const grants = { captured: 10, done: 0 };
    const steps = storyPhases.map((phase) => progressOf(phase, grants).done);
    expect(steps).toEqual([...steps.keys()]);
    expect(progressOf('ended', grants)).toEqual({ done: 19, total: 19 });
  });

  it('stands still while an approval is waited for', () => {
    const grants = { captured: 10, done: 0 };
    expect(progressOf('awaitingApproval', grants)).toEqual(progressOf('deleting', grants));
  });

  it('counts grants as they get results', () => {
    const before = progressOf('restoring', { captured: 10, done: 3 });
    const after = progressOf('restoring', { captured: 10, done: 4 });
    expect(after.done - before.done).toBe(1);
    expect(after.total).toBe(before.total);
  });
});
