import { withRow, type Check } from '../domain/checks';
import { isGoingBack } from '../domain/direction';
import {
  dateIn,
  FALLBACK_LANGUAGE,
  filled,
  languageFor,
  type GuideTexts,
  type MailKind,
  type WantedAccount,
} from '../domain/guideTexts';
import type { InviteReason } from '../domain/invitationEvents';
import type { Log } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';
import { isTransient, ServiceError, wasNotExecuted } from '../domain/serviceError';
import type { Snapshot } from '../domain/snapshot';
import type { StepOutcome } from '../domain/steps';
import { notNow, reasonOf, TransientFailure, type ActivityDeps } from './activity';
import { announceInvitation } from './announce';
import { passed, warning } from './checks/check';
import { auditor, recordOf } from './common';
import { guideLink } from './guideLink';

/** A message to the guest. `number` counts within its reason; the pair is sent once. */
export interface Message {
  migrationId: string;
  snapshot: Snapshot;
  /** Where it goes. */
  address: string;
  why: InviteReason;
  number: number;
  /** The text that is sent. */
  kind: MailKind;
  /** Until when the guest may accept. */
  expiresAt: string;
}

/** Whether the guest was told, or may have been; otherwise a row says why not. */
export type Told = 'told' | 'untold';

const GIVE_UP_MS = 15 * 60_000;
const LONGEST_WAIT_SECONDS = 300;
const RESEND = 'Invite again (POST …/resend), or give the guest the link of `links.guide`.';

/**
 * Sees to it that the guest hears of an invitation, by the way that is set: Microsoft did it with the invitation itself; a
 * mail goes out through the mailbox; or the caller hears of it.
 *
 * Safe to run twice: a mail is written down before it is sent, and one whose answer was lost is not sent again. A mail
 * that does not go out costs a warning row, never the migration. Answers a wait while the mailbox is busy.
 */
export async function tellGuest(deps: ActivityDeps, message: Message, log: Log): Promise<Told | StepOutcome<never>> {
  switch (deps.settings.invitationMail) {
    case 'microsoft':
      return 'told';
    case 'caller':
      await announceInvitation(await recordOf(deps.records, message.migrationId), message, deps);
      return 'told';
    case 'mailbox':
      return mail(deps, message, log);
  }
}

/** True for an answer of `tellGuest` that says to come again. */
export function isWait(told: Told | StepOutcome<never>): told is StepOutcome<never> {
  return typeof told !== 'string';
}

type GuestMail = NonNullable<MigrationRecord['guestMail']>;

async function mail(deps: ActivityDeps, message: Message, log: Log): Promise<Told | StepOutcome<never>> {
  const record = await recordOf(deps.records, message.migrationId);
  const before = earlier(record, message);
  if (before?.state === 'sent' || before?.state === 'lost') return 'told';
  if (before?.state === 'refused') return 'untold';
  // Still open: whoever wrote it down died, or did not get an answer.
  if (before?.state === 'open') return lost(deps, message, before, log);
  const content = await contentOf(deps, record, message);
  const at = before?.at ?? deps.clock.now().toISOString();
  const claim: GuestMail = { why: message.why, number: message.number, at, state: 'open' };
  await claimMail(deps, record, claim);
  return send(deps, message, { claim, content }, log);
}

/** True once the mail of this reason and number was tried: what comes before it is done. */
export function isMailBegun(record: MigrationRecord, message: Pick<Message, 'why' | 'number'>): boolean {
  return earlier(record, message) !== undefined;
}

/** The mail of the same reason and number, if it is of the same direction. */
function earlier(
  { guestMail, turnedBackAt }: MigrationRecord,
  { why, number }: Pick<Message, 'why' | 'number'>,
): GuestMail | undefined {
  const same = guestMail?.why === why && guestMail.number === number;
  return same && (turnedBackAt === null || guestMail.at >= turnedBackAt) ? guestMail : undefined;
}

async function claimMail({ records }: ActivityDeps, record: MigrationRecord, claim: GuestMail): Promise<void> {
  const claimed = { made: false };
  await records.decideOnMigration(record.id, (current) => {
    claimed.made = JSON.stringify(current.guestMail) === JSON.stringify(record.guestMail) && current.phase !== 'ended';
    return claimed.made ? { guestMail: claim } : undefined;
  });
  if (!claimed.made) throw new TransientFailure('another execution of this step is at the mail');
}

async function send(
  deps: ActivityDeps,
  message: Message,
  { claim, content }: { claim: GuestMail; content: object },
  log: Log,
): Promise<Told | StepOutcome<never>> {
  const { graph, clock, settings } = deps;
  const audit = auditor(deps, message.migrationId, 'mailGuest');
  await audit('before', message.snapshot.guest.id, `${message.why} ${message.number}`);
  try {
    await graph.write('POST', `/users/${encodeURIComponent(settings.mailbox)}/sendMail`, content);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (isTransient(error) && !wasNotExecuted(error)) return lost(deps, message, claim, log);
    const wait = error.retryAfterSeconds ?? 10;
    const patient = clock.now().getTime() - Date.parse(claim.at) < GIVE_UP_MS && wait <= LONGEST_WAIT_SECONDS;
    if (wasNotExecuted(error) && patient) {
      await settle(deps, message, { ...claim, state: 'idle' });
      return notNow(wait);
    }
    const detail = `The mail to the guest was not sent: ${reasonOf(error)}.`;
    await settle(deps, message, { ...claim, state: 'refused' }, warning('guest-mail-sent', detail, RESEND));
    await audit('refused', message.snapshot.guest.id, reasonOf(error));
    log.warn('guest-not-mailed', { migrationId: message.migrationId, why: message.why, reason: reasonOf(error) });
    return 'untold';
  }
  await settle(deps, message, { ...claim, state: 'sent' }, passed('guest-mail-sent', 'The mail was sent.', 'warning'));
  await audit('after', message.snapshot.guest.id, `${message.why} ${message.number}`);
  log.info('guest-mailed', { migrationId: message.migrationId, why: message.why, number: message.number });
  return 'told';
}

/** One mail too few is better than the same one twice. */
async function lost(deps: ActivityDeps, message: Message, claim: GuestMail, log: Log): Promise<Told> {
  const detail = 'Whether the mail to the guest was sent is not known: the answer was lost.';
  await settle(deps, message, { ...claim, state: 'lost' }, warning('guest-mail-sent', detail, RESEND));
  log.warn('guest-mail-lost', { migrationId: message.migrationId, why: message.why, number: message.number });
  return 'told';
}

/** Writes down what became of a mail. A row that passed is only there where one failed before. */
async function settle(
  { records }: ActivityDeps,
  { migrationId }: Message,
  guestMail: GuestMail,
  row?: Check,
): Promise<void> {
  await records.decideOnMigration(migrationId, ({ phase, checks }) => {
    if (phase === 'ended') return undefined;
    const shown = row !== undefined && (!row.ok || checks.some(({ id }) => id === row.id));
    return { guestMail, ...(shown ? { checks: withRow(checks, row) } : {}) };
  });
}

/** The body of `sendMail`: plain text in the guest's language, with the link to the page that guides them. */
async function contentOf(deps: ActivityDeps, record: MigrationRecord, message: Message): Promise<object> {
  const { guest } = message.snapshot;
  const language = languageFor(deps.languages, [guest.preferredLanguage]);
  const texts = deps.languages.get(language) ?? deps.languages.get(FALLBACK_LANGUAGE);
  if (texts === undefined) throw new Error('there are no texts for guests');
  const account: WantedAccount = isGoingBack(record) ? 'work' : 'personal';
  const values = {
    name: guest.displayName,
    organization: await deps.organizationName(),
    address: message.address,
    guide: guideLink(deps.settings, record.id, language),
    date: dateIn(language, message.expiresAt),
  };
  return {
    message: {
      subject: filled(texts.mail[message.kind].subject, values),
      body: { contentType: 'Text', content: bodyOf(texts, message.kind, account, values) },
      toRecipients: [{ emailAddress: { address: message.address } }],
    },
    // The link opens the invitation: it should not lie in a mailbox that several people read.
    saveToSentItems: false,
  };
}

/** The text of a mail. */
export function bodyOf(
  { mail: texts }: GuideTexts,
  kind: MailKind,
  account: WantedAccount,
  values: Readonly<Record<string, string>>,
): string {
  const parts = [texts.greeting, texts[kind].text, texts.pick[account], texts.open, texts.until, texts.closing];
  return parts.map((part) => filled(part, values)).join('\n\n');
}
