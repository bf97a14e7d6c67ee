import { z } from 'zod';
import { objectId } from '../domain/ids';
import type { Log } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';
import { ServiceError } from '../domain/serviceError';
import type { Snapshot } from '../domain/snapshot';
import { reasonOf, TransientFailure, type ActivityDeps } from './activity';

const invitationShape = z.object({ inviteRedeemUrl: z.string(), invitedUser: z.object({ id: objectId }) });

/** What Graph answers an invitation with, as far as it matters. The URL is a secret. */
export interface Invitation {
  redeemUrl: string;
  userId: string;
}

/**
 * Reads the answer of an invitation.
 *
 * @throws TransientFailure when it cannot be read: the invitation was made, as after an answer that was lost
 */
export function invitationIn(answer: unknown): Invitation {
  const parsed = invitationShape.safeParse(answer);
  if (!parsed.success) throw new TransientFailure('the answer of the invitation cannot be read');
  return { redeemUrl: parsed.data.inviteRedeemUrl, userId: parsed.data.invitedUser.id };
}

/** An invitation of an address that belongs to a guest already: nothing of the guest is changed by it. */
export function repeatedInvitation(
  address: string,
  { settings, mail }: { settings: ActivityDeps['settings']; mail: boolean },
): object {
  return {
    invitedUserEmailAddress: address,
    inviteRedirectUrl: settings.inviteRedirectUrl,
    // Other ways to write to the guest need the link that comes back, and no mail of Microsoft's.
    sendInvitationMessage: mail && settings.invitationMail === 'microsoft',
  };
}

/** The language of Microsoft's own mail. */
export function languageOf({ guest }: Snapshot): object {
  const { preferredLanguage } = guest;
  return preferredLanguage === null ? {} : { invitedUserMessageInfo: { messageLanguage: preferredLanguage } };
}

/**
 * Asks for a link to an invitation whose answer was lost, without any mail. A refusal costs the link only: the guest's page
 * then leads to where a pending guest is asked to accept as well. Safe to run twice.
 */
export async function renewLink(
  { graph, documents, settings }: Pick<ActivityDeps, 'graph' | 'documents' | 'settings'>,
  { record, newId, address, round }: { record: MigrationRecord; newId: string; address: string; round: number },
  log: Log,
): Promise<void> {
  try {
    const answer = await graph.write('POST', '/invitations', repeatedInvitation(address, { settings, mail: false }));
    const { redeemUrl, userId } = invitationIn(answer);
    if (userId === newId) await documents.writeRedeemUrl(record.id, round, redeemUrl);
  } catch (error) {
    if (!(error instanceof ServiceError) || error.service !== 'graph') throw error;
    log.warn('link-not-renewed', { migrationId: record.id, reason: reasonOf(error) });
  }
}
