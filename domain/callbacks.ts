import { z } from 'zod';
import { migrationCodes } from './failures';
import { accessCountsSchema } from './grants';
import { migrationId } from './ids';
import { invitationEventKey, invitationEventSchema, type InvitationEvent } from './invitationEvents';
import { outcomeSchema, statusSchema, type Phase } from './phases';
import type { MigrationRecord } from './record';

/** The phases that a caller is told about, each once in a migration: the first time it is entered. */
export const toldPhases = [
  'capturing',
  'awaitingApproval',
  'deleting',
  'purging',
  'inviting',
  'awaitingRedemption',
  'restoring',
  'needsOperator',
  'undoing',
  'ended',
] as const satisfies readonly Phase[];
export type ToldPhase = (typeof toldPhases)[number];

/** What a caller is told: words and counts, never names or addresses. */
export const callbackDataSchema = z.strictObject({
  status: statusSchema,
  outcome: outcomeSchema.nullable(),
  access: accessCountsSchema,
  error: z.enum(migrationCodes).nullable(),
  /** Only in the events of invitations, which callers get who write to the guest themselves. */
  invitation: invitationEventSchema.optional(),
});

/**
 * One event for a caller, as it is stored until it is delivered or dead, and afterwards. `sequence` orders the events of
 * a migration; `problem` is what hindered the latest attempt, empty when nothing did.
 */
export const callbackSchema = z.strictObject({
  migrationId,
  phase: z.enum(toldPhases),
  sequence: z.int().min(0),
  at: z.iso.datetime(),
  data: callbackDataSchema,
  state: z.enum(['pending', 'delivered', 'dead']),
  attempts: z.int().min(0),
  firstTriedAt: z.iso.datetime().nullable(),
  problem: z.string(),
});
export type Callback = z.infer<typeof callbackSchema>;

/** The part of an event that is known when it happens. */
export type NewCallback = Pick<Callback, 'migrationId' | 'phase' | 'at' | 'data'>;

/**
 * A migration that has events to deliver. `lease` names who works on it until `dueAt`, `touched` changes with every
 * event that is added.
 */
export const queuedCallbacksSchema = z.strictObject({
  migrationId,
  dueAt: z.iso.datetime(),
  lease: z.string(),
  touched: z.string(),
});
export type QueuedCallbacks = z.infer<typeof queuedCallbacksSchema>;

/** How an attempt to deliver ended. `gone` = the receiver wants no more of them (410). */
export type CallbackAnswer =
  { taken: true } | { taken: false; problem: string; gone: boolean; retryAfterSeconds?: number };

/** The event that a row's present phase makes; undefined when the caller asked for none or need not know the phase. */
export function callbackOf(record: MigrationRecord, at: Date): NewCallback | undefined {
  const phase = toldPhases.find((told) => told === record.phase);
  if (phase === undefined || record.request.callbackUrl === undefined) return undefined;
  const { status, outcome, access, error } = record;
  return {
    migrationId: record.id,
    phase,
    at: at.toISOString(),
    data: { status, outcome, access, error: error?.code ?? null },
  };
}

/** The event of an invitation; undefined when the caller asked for none. */
export function invitationCallbackOf(
  record: MigrationRecord,
  invitation: InvitationEvent,
  at: Date,
): NewCallback | undefined {
  if (record.request.callbackUrl === undefined) return undefined;
  const { status, outcome, access, error } = record;
  return {
    migrationId: record.id,
    phase: toldPhases.find((told) => told === record.phase) ?? 'awaitingRedemption',
    at: at.toISOString(),
    data: { status, outcome, access, error: error?.code ?? null, invitation },
  };
}

/** What an event is called among those of its migration. */
export function callbackKey({ phase, data }: Pick<Callback, 'phase' | 'data'>): string {
  return data.invitation === undefined ? phase : invitationEventKey(data.invitation);
}

/** Id of an event, the same for every attempt. Without a full stop: the signature joins its parts with them. */
export function callbackId(callback: Pick<Callback, 'migrationId' | 'phase' | 'data'>): string {
  return `${callback.migrationId}_${callbackKey(callback)}`;
}

/** True for an event that says that the guest is waited for: the link to the guest's page goes with it. */
export function tellsOfGuide({ phase, data }: Pick<Callback, 'phase' | 'data'>): boolean {
  return phase === 'awaitingRedemption' || data.invitation !== undefined;
}

/**
 * The body that is sent, the same bytes for every attempt: CloudEvents 1.0, structured JSON.
 *
 * @param source address of the app's migrations
 * @param guide link to the guest's page; not stored with the event, because it opens the invitation
 */
export function cloudEvent(callback: NewCallback, source: string, guide?: string): string {
  const { migrationId: id, phase, at, data } = callback;
  return JSON.stringify({
    specversion: '1.0',
    id: callbackId(callback),
    source,
    type: `entra-guest-switch.migration.${typeOf(callback)}`,
    subject: id,
    time: at,
    datacontenttype: 'application/json',
    data: {
      migrationId: id,
      status: data.status,
      phase,
      outcome: data.outcome,
      access: data.access,
      error: data.error,
      ...data.invitation,
      ...(guide === undefined ? {} : { guide }),
    },
  });
}

function typeOf({ phase, data }: NewCallback): string {
  if (data.invitation !== undefined) return 'invitation';
  return phase === 'ended' ? 'ended' : 'phase';
}

export const MOST_ATTEMPTS = 12;
const LONGEST_HOURS = 24;
const FIRST_PAUSE_SECONDS = 60;
const LONGEST_PAUSE_SECONDS = 6 * 60 * 60;

/**
 * What an attempt makes of an event. Pauses double from a minute to six hours; a receiver that asks for more gets it, up
 * to six hours. After 12 attempts, or when the next would come more than a day after the first, the event is dead.
 *
 * @returns the event as it is now, and the pause before its next attempt: 0 when there is none
 */
export function afterAttempt(
  callback: Callback,
  answer: CallbackAnswer,
  now: Date,
): { callback: Callback; pauseSeconds: number } {
  const attempts = callback.attempts + 1;
  const firstTriedAt = callback.firstTriedAt ?? now.toISOString();
  const tried = { ...callback, attempts, firstTriedAt };
  if (answer.taken) return { callback: { ...tried, state: 'delivered', problem: '' }, pauseSeconds: 0 };
  const { problem, retryAfterSeconds = 0 } = answer;
  const pause = Math.max(FIRST_PAUSE_SECONDS * 2 ** (attempts - 1), retryAfterSeconds);
  const pauseSeconds = Math.min(pause, LONGEST_PAUSE_SECONDS);
  const giveUpMs = Date.parse(firstTriedAt) + LONGEST_HOURS * 60 * 60 * 1000;
  const dead = answer.gone || attempts >= MOST_ATTEMPTS || now.getTime() + pauseSeconds * 1000 > giveUpMs;
  return dead
    ? { callback: { ...tried, state: 'dead', problem }, pauseSeconds: 0 }
    : { callback: { ...tried, problem }, pauseSeconds };
}
