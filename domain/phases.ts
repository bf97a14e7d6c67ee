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

/**
 * Where a run may go from each phase, and when. Only these steps are written into a migration's row, and the diagram in
 * ARCHITECTURE.md is drawn from them.
 */
export const nextPhases: Record<Phase, Partial<Record<Phase, string>>> = {
  preflight: {
    capturing: 'every blocking check passed',
    inviting: 'continues an earlier migration',
    awaitingRedemption: 'continues an earlier migration whose guest is still there',
    ended: 'rejected, cancelled',
  },
  capturing: {
    awaitingApproval: 'an approval is needed',
    deleting: 'strategy recreate',
    inviting: 'strategy reset',
    ended: 'planned, cancelled, failed',
  },
  awaitingApproval: {
    deleting: 'approved, and nothing changed meanwhile',
    inviting: 'approved, strategy reset',
    ended: 'rejected, out of time, cancelled, access changed',
  },
  deleting: {
    purging: 'the guest is in the recycle bin',
    inviting: 'the purge waits for the redemption',
    undoing: 'refused, cancelled, out of time',
    ended: 'cancelled before anything was deleted',
  },
  purging: {
    inviting: 'point of no return',
    restoring: 'the new identity was proven before',
    undoing: 'refused, cancelled, out of time',
  },
  inviting: {
    awaitingRedemption: 'invited',
    undoing: 'the guest is not purged or reset: refused, cancelled',
    ended: 'failed',
  },
  awaitingRedemption: {
    verifyingIdentity: 'the guest accepted',
    inviting: 'back to the identity the guest had',
    undoing: 'the old guest is not purged: expired, cancelled',
    ended: 'expired, failed',
  },
  verifyingIdentity: {
    restoring: 'the right account',
    purging: 'the right account, and the purge waited for it',
    awaitingRedemption: 'the wrong account: invited again',
    needsOperator: 'the wrong account too often, or an unclear one',
    undoing: 'the old guest is not purged: failed',
    ended: 'failed',
  },
  needsOperator: {
    awaitingRedemption: 'resend, or somebody reset the guest by hand',
    inviting: 'revert',
    undoing: 'the old guest is not purged: cancelled',
    ended: 'cancelled, nobody answered',
  },
  restoring: {
    verifyingAccess: 'every grant has a result',
    inviting: 'back to the identity the guest had',
    ended: 'failed',
  },
  verifyingAccess: {
    inviting: 'back to the identity the guest had',
    ended: 'completed, completedWithGaps; cancelled after the way back',
  },
  undoing: {
    inviting: 'the purge took effect after all',
    restoring: 'the purge took effect after all, and the new identity was proven before',
    ended: 'the guest is as before',
  },
  ended: {},
};

/** True when a run may be in a phase after another one; the same phase again is a repetition. */
export function mayFollow(phase: Phase, current: Phase): boolean {
  return phase === current || nextPhases[current][phase] !== undefined;
}

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

/** Where a run stands that waits for people: everything before that phase is done. */
const placeInStory: Partial<Record<Phase, Phase>> = {
  awaitingApproval: 'deleting',
  needsOperator: 'verifyingIdentity',
};

/**
 * Progress as "done of total": one unit a story phase, one a grant.
 *
 * @param phase the phase that is under way; everything before it counts as done
 * @param grants how many grants were captured, and how many of them have a result
 */
export function progressOf(phase: Phase, grants: { captured: number; done: number }): { done: number; total: number } {
  const total = storyPhases.length + grants.captured;
  if (phase === 'ended') return { done: total, total };
  const place = placeInStory[phase] ?? phase;
  const before = storyPhases.findIndex((story) => story === place);
  return { done: Math.max(before, 0) + grants.done, total };
}
