import { z } from 'zod';

/** Every phase of a migration, in the spelling callers see. */
export const phaseSchema = z.enum([
  'preflight',
  'capturing',
  'awaitingApproval',
  'deleting',
  'purging',
  'inviting',
  'awaitingRedemption',
  'verifyingIdentity',
  'restoring',
  'verifyingAccess',
  'undoing',
  'needsOperator',
  'ended',
]);
export type Phase = z.infer<typeof phaseSchema>;

export const outcomeSchema = z.enum([
  'completed',
  'completedWithGaps',
  'planned',
  'rejected',
  'cancelled',
  'expired',
  'failed',
]);
export type Outcome = z.infer<typeof outcomeSchema>;

export const statusSchema = z.enum(['NotStarted', 'Running', 'Succeeded', 'Failed', 'Canceled']);
export type Status = z.infer<typeof statusSchema>;

/** Phases in which the story advances, in order; `progress` counts them and the grants. */
export const storyPhases = [
  'preflight',
  'capturing',
  'deleting',
  'purging',
  'inviting',
  'awaitingRedemption',
  'verifyingIdentity',
  'restoring',
  'verifyingAccess',
] as const satisfies readonly Phase[];

/** The phases up to the purge, in order; the phases after it may follow each other in more than one way. */
const phasesUpToPurge: readonly Phase[] = ['preflight', 'capturing', 'awaitingApproval', 'deleting', 'purging'];

/**
 * True when a run in phase `current` can no longer be in phase `phase`. Activities are delivered at least once: a late
 * duplicate must neither reopen a run that has ended nor delete a guest whose deletion was undone.
 */
export function isOver(phase: Phase, current: Phase): boolean {
  return rank(current) > rank(phase);
}

function rank(phase: Phase): number {
  const place = phasesUpToPurge.indexOf(phase);
  if (place >= 0) return place;
  return phase === 'ended' ? phasesUpToPurge.length + 1 : phasesUpToPurge.length;
}

/** The long-running-operation status that goes with an outcome. */
export function statusOf(outcome: Outcome): Status {
  switch (outcome) {
    case 'completed':
    case 'completedWithGaps':
    case 'planned':
      return 'Succeeded';
    case 'cancelled':
      return 'Canceled';
    case 'rejected':
    case 'expired':
    case 'failed':
      return 'Failed';
  }
}

/**
 * Progress as "done of total": one unit a story phase, one a grant.
 *
 * @param phase the phase that is under way; everything before it counts as done
 * @param grants how many grants were captured, and how many of them have a result
 */
export function progressOf(phase: Phase, grants: { captured: number; done: number }): { done: number; total: number } {
  const total = storyPhases.length + grants.captured;
  if (phase === 'ended') return { done: total, total };
  // While it waits for an approval everything before the deletion is done.
  const place = phase === 'awaitingApproval' ? 'deleting' : phase;
  const before = storyPhases.findIndex((story) => story === place);
  return { done: Math.max(before, 0) + grants.done, total };
}
