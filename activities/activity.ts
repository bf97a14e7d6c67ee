import type { z } from 'zod';
import type { MigrationCode } from '../domain/failures';
import type { GrantKind } from '../domain/grants';
import type { Azure, Clock, Documents, Graph, Log, Records } from '../domain/ports';
import type { Languages } from '../domain/guideTexts';
import { isTransient, ServiceError } from '../domain/serviceError';
import { steps, type StepInput, type StepName, type StepOutcome, type StepOutput } from '../domain/steps';

/** The settings that activities use. */
export interface ActivitySettings {
  tenantId: string;
  inviteRedirectUrl: string;
  /** Who writes to the guest: Microsoft, this app through the mailbox, or the caller. */
  invitationMail: 'microsoft' | 'mailbox' | 'caller';
  /** Object id or user principal name; empty when no mails are sent through one. */
  mailbox: string;
  /** Address below which the pages of guests are. */
  guideUrl: string;
  notificationUrl: string;
  lifecycleUrl: string;
  notificationSecret: string;
  /** How long reads may lag behind a write, in seconds. */
  consistencySeconds: number;
  protectedGuests: readonly string[];
  domainPolicyCheck: 'beta' | 'off';
  /** Kinds of grant that no migration of this tenant handles. */
  skipAccess: readonly GrantKind[];
  /** Whether Conditional Access policies that name the guest are rewritten; otherwise they are only reported. */
  rewriteConditionalAccess: boolean;
  /** Whether the soft-deleted guest is kept until the new identity is proven. */
  purgeAfterRedemption: boolean;
  /** How many migrations may begin to delete on one day (UTC). */
  dailyBudget: number;
}

/** Everything an activity can reach. */
export interface ActivityDeps {
  graph: Graph;
  azure: Azure;
  records: Records;
  documents: Documents;
  clock: Clock;
  settings: ActivitySettings;
  /** Texts for guests, in all languages. */
  languages: Languages;
  /** The organization's name as guests know it. Throws ServiceError. */
  organizationName(): Promise<string>;
}

/** An activity: the parsed input of its step in, an outcome out. */
export type Activity<N extends StepName> = (
  input: z.output<(typeof steps)[N]['input']>,
  log: Log,
) => Promise<StepOutcome<StepOutput<N>>>;

/** Success. */
export function done<T>(value: T): StepOutcome<T> {
  return { ok: true, value };
}

/** A permanent failure: returned, so that it is not retried. */
export function failed(code: MigrationCode, detail: string): StepOutcome<never> {
  return { ok: false, failure: { code, detail } };
}

/** "Not now": the orchestrator waits with a durable timer and calls again. Never less than a second. */
export function notNow(seconds: number): StepOutcome<never> {
  return { ok: false, afterSeconds: Math.max(1, Math.ceil(seconds)) };
}

/** Thrown for what may go better on the next try. The message is fixed text: it ends up in the durable history. */
export class TransientFailure extends Error {
  override readonly name = 'TransientFailure';
}

/** What an error says without quoting a service: services put names and addresses into their messages. */
export function reasonOf(error: ServiceError): string {
  return `${error.service} answered ${error.status} ${error.code}`;
}

/**
 * Runs an activity behind its boundary: input through the strict schema, errors of services turned into the three
 * forms the orchestrator knows. A wait the service asked for becomes "not now"; everything else is thrown anew with
 * a text of ours, because an activity's error text is stored in the history.
 */
export async function runActivity<N extends StepName>(
  name: N,
  activity: Activity<N>,
  rawInput: unknown,
  log: Log,
): Promise<StepOutcome<StepOutput<N>>> {
  const schema: z.ZodType<z.output<(typeof steps)[N]['input']>, StepInput<N>> = steps[name].input as never;
  const parsed = schema.safeParse(rawInput);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new Error(`${name} refuses its input: ${fields}`);
  }
  try {
    return await activity(parsed.data, log);
  } catch (error) {
    return afterError(name, error, log);
  }
}

function afterError(name: StepName, error: unknown, log: Log): StepOutcome<never> {
  if (error instanceof ServiceError) {
    log.warn('step-hindered', { step: name, service: error.service, status: error.status, code: error.code });
    if (error.retryAfterSeconds !== undefined && isTransient(error)) return notNow(error.retryAfterSeconds);
    throw new TransientFailure(`${name}: ${reasonOf(error)}`);
  }
  if (error instanceof TransientFailure) {
    log.warn('step-hindered', { step: name, reason: error.message });
    throw new TransientFailure(error.message);
  }
  log.warn('step-crashed', { step: name, kind: error instanceof Error ? error.name : typeof error });
  throw new Error(`${name}: unexpected ${error instanceof Error ? error.name : typeof error}`);
}
