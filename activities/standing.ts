import { z } from 'zod';
import { identitySchema, identityVerdict, type IdentityVerdict } from '../domain/identityVerdict';
import type { Graph } from '../domain/ports';
import { sameAddress } from './earlierInvitation';

const account = z.object({
  externalUserState: z.string().nullish(),
  externalUserStateChangeDateTime: z.string().nullish(),
  identities: z.array(identitySchema).nullish(),
  mail: z.string().nullish(),
  otherMails: z.array(z.string()).nullish(),
});

/** How a guest stands now. */
export interface Standing {
  accepted: boolean;
  /** When they last accepted or had to accept anew, by the directory's clock and in whole seconds. */
  changedAt: string | null;
  verdict: IdentityVerdict;
  mail: string | null;
  otherMails: readonly string[];
}

/** Reads how a guest stands. Throws ServiceError, also when there is no such guest. */
export async function standingOf(guestId: string, graph: Graph): Promise<Standing> {
  const select = '$select=id,externalUserState,externalUserStateChangeDateTime,identities,mail,otherMails';
  const user = await graph.read(`/users/${guestId}?${select}`, account);
  return {
    accepted: user.externalUserState?.toLowerCase() === 'accepted',
    changedAt: user.externalUserStateChangeDateTime ?? null,
    verdict: identityVerdict(user.identities ?? []),
    mail: user.mail ?? null,
    otherMails: user.otherMails ?? [],
  };
}

/** True when an address is among those of a guest. */
export function holds({ mail, otherMails }: Pick<Standing, 'mail' | 'otherMails'>, address: string): boolean {
  return [mail, ...otherMails].some((one) => sameAddress(one, address));
}
