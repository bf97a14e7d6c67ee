import type { Guide } from '../adapters/guideTexts';
import type { CallbackSender, Clock, Documents, Graph, Log, Records } from '../domain/ports';
import type { StepInput, StepOutcome, SwitchInput } from '../domain/steps';

/** What triggers need of the durable engine. All methods throw ServiceError('storage') when it does not answer. */
export interface DurableGateway {
  /** Starts the orchestration. Throws as well when the engine refuses because an instance with this id runs. */
  start(id: string, input: SwitchInput): Promise<void>;
  /** `failed` covers terminated and cancelled instances too: all that stopped outside of the story. */
  status(id: string): Promise<'running' | 'ended' | 'failed' | 'unknown'>;
  /** Raises an event. An instance that is unknown or over is no error: nobody is left to be told. */
  raise(id: string, event: string): Promise<void>;
}

/** The settings that triggers need. */
export interface TriggerSettings {
  /** Address of the app without a trailing slash. Links are built from it, never from a caller's Host header. */
  baseUrl: string;
  tenantId: string;
  /** The `clientState` that our subscription carries. */
  notificationSecret: string;
  pollMinutes: number;
  parallelRestores: number;
  rewriteConditionalAccess: boolean;
  approvalRequired: boolean;
  /** Hours. */
  approvalTimeoutHours: number;
  /** Whether an approver must be somebody else than who started the migration. */
  approvalFourEyes: boolean;
  /** Invitations that a guest gets in all because of a wrong account. */
  wrongAccountRounds: number;
  purgeAfterRedemption: boolean;
  dailyBudget: number;
  /** Where a guest lands after accepting; asks a pending guest to accept as well. */
  inviteRedirectUrl: string;
}

/** Steps of the story that give back what was taken. */
export type UndoSteps = {
  [N in 'undeleteGuest' | 'removeInvited' | 'giveBackRoles']: (
    input: StepInput<N>,
    log: Log,
  ) => Promise<StepOutcome<unknown>>;
};

/** Everything that triggers work with; handed to each handler. */
export interface Services {
  records: Records;
  graph: Graph;
  documents: Documents;
  durable: DurableGateway;
  callbacks: CallbackSender;
  /** The steps that undo; the sweeper uses them when nobody else is left to do it. */
  undo: UndoSteps;
  /** The texts and the page for guests. */
  guide: Guide;
  /** The organization's name as guests know it. Throws ServiceError. */
  organizationName(): Promise<string>;
  clock: Clock;
  log: Log;
  settings: TriggerSettings;
}
