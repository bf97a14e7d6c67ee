import type { InProcess } from './tenantInProcess';

/** Invites an address and accepts with a personal account. Returns the id of the new guest. */
export async function newGuest(
  tenant: Pick<InProcess, 'graph' | 'redeem'>,
  address: string,
  displayName?: string,
): Promise<string> {
  const { invitedUser } = (await tenant.graph.write('POST', '/invitations', {
    invitedUserEmailAddress: address,
    inviteRedirectUrl: 'https://portal.example/',
    ...(displayName === undefined ? {} : { invitedUserDisplayName: displayName }),
  })) as { invitedUser: { id: string } };
  await tenant.redeem(invitedUser.id);
  return invitedUser.id;
}

/** Deletes a guest for good, as an administrator does: into the recycle bin and out of it. */
export async function purgeGuest({ graph }: Pick<InProcess, 'graph'>, id: string): Promise<void> {
  await graph.write('DELETE', `/users/${id}`);
  await graph.write('DELETE', `/directory/deletedItems/${id}`);
}
