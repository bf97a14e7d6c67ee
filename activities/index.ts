import type { Log } from '../domain/ports';
import type { StepName, StepOutcome } from '../domain/steps';
import { runActivity, type Activity, type ActivityDeps } from './activity';
import { createCaptureAccess } from './captureAccess';
import { createClaimPurge } from './claimPurge';
import { createConfirmAccess } from './confirmAccess';
import { createEnsureSubscription } from './ensureSubscription';
import { createFinishMigration } from './finishMigration';
import { createInviteGuest } from './inviteGuest';
import { createPreflight } from './preflight';
import { createPurgeGuest } from './purgeGuest';
import { createReadApproval } from './readApproval';
import { createReadRedemption } from './readRedemption';
import { createRecordPhase } from './recordPhase';
import { createRestoreGrants } from './restoreGrants';
import { createRewriteConditionalAccess } from './rewriteConditionalAccess';
import { createSoftDeleteGuest } from './softDeleteGuest';
import { createUndeleteGuest } from './undeleteGuest';
import { createContinueMigration } from './continueMigration';
import { createInviteAgain } from './inviteAgain';
import { createRemoveInvited } from './removeInvited';
import { createTurnBack } from './turnBack';
import { createRemoveRoles } from './removeRoles';
import { createResetGuest } from './resetGuest';
import { createGiveBackRoles } from './giveBackRoles';
import { createVerifyAccess } from './verifyAccess';

/** A registered activity: unparsed input in, outcome out. */
export type RunnableActivity = (input: unknown, log: Log) => Promise<StepOutcome<unknown>>;

/** Builds every activity of the step contract. The type makes the compiler ask for one a step. */
export function createActivities(deps: ActivityDeps): Record<StepName, RunnableActivity> {
  return {
    preflight: runnable('preflight', createPreflight(deps)),
    captureAccess: runnable('captureAccess', createCaptureAccess(deps)),
    readApproval: runnable('readApproval', createReadApproval(deps)),
    confirmAccess: runnable('confirmAccess', createConfirmAccess(deps)),
    softDeleteGuest: runnable('softDeleteGuest', createSoftDeleteGuest(deps)),
    claimPurge: runnable('claimPurge', createClaimPurge(deps)),
    purgeGuest: runnable('purgeGuest', createPurgeGuest(deps)),
    undeleteGuest: runnable('undeleteGuest', createUndeleteGuest(deps)),
    ensureSubscription: runnable('ensureSubscription', createEnsureSubscription(deps)),
    inviteGuest: runnable('inviteGuest', createInviteGuest(deps)),
    rewriteConditionalAccess: runnable('rewriteConditionalAccess', createRewriteConditionalAccess(deps)),
    readRedemption: runnable('readRedemption', createReadRedemption(deps)),
    restoreGrants: runnable('restoreGrants', createRestoreGrants(deps)),
    verifyAccess: runnable('verifyAccess', createVerifyAccess(deps)),
    continueMigration: runnable('continueMigration', createContinueMigration(deps)),
    inviteAgain: runnable('inviteAgain', createInviteAgain(deps)),
    removeInvited: runnable('removeInvited', createRemoveInvited(deps)),
    turnBack: runnable('turnBack', createTurnBack(deps)),
    removeRoles: runnable('removeRoles', createRemoveRoles(deps)),
    resetGuest: runnable('resetGuest', createResetGuest(deps)),
    giveBackRoles: runnable('giveBackRoles', createGiveBackRoles(deps)),
    recordPhase: runnable('recordPhase', createRecordPhase(deps)),
    finishMigration: runnable('finishMigration', createFinishMigration(deps)),
  };
}

function runnable<N extends StepName>(name: N, activity: Activity<N>): RunnableActivity {
  return (input, log) => runActivity(name, activity, input, log);
}
