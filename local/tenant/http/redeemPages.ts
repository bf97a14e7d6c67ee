import { accounts, redeem, refusalOf, type Account, type Refusal } from '../directory/redemption';
import { isRecord, text, type Entity } from '../store/snapshot';
import { organizationName, tenantId, type Tenant } from '../tenant';
import { escapeHtml, page, pageHeaders } from './html';
import type { Message, Reply } from './message';

const choices: Readonly<Record<Account, string>> = {
  personal: 'Personal Microsoft account (Outlook.com, Xbox, Skype)',
  work: 'Work or school account',
  emailCode: 'A code sent to my e-mail address',
  google: 'Google account',
  federated: "My organization's own sign-in page",
};

const refusals: Readonly<Record<Refusal, string>> = {
  unknownUser: 'This invitation is no longer valid: the guest it was for has been removed.',
  notInvited: 'There is no open invitation for this account.',
  alreadyAccepted: 'This invitation has already been accepted.',
  signInBlocked: 'Signing in is blocked for this account.',
  domainBlocked: 'The organization does not accept guests from this domain.',
  personalNotAllowed: 'The organization does not accept personal Microsoft accounts. Choose another way to sign in.',
};

const reply = (status: number, title: string, content: string): Reply => ({
  status,
  headers: pageHeaders,
  body: page(title, content),
});

const failure = (status: number, reason: string): Reply =>
  reply(status, 'Invitation', `<h1>We could not open the invitation</h1>\n<p role="alert">${escapeHtml(reason)}</p>`);

/** The page behind `inviteRedeemUrl`: GET shows the choice, only POST decides. */
export function answerRedeemPage(tenant: Tenant, message: Message): Reply {
  const fields =
    message.method === 'POST' && isRecord(message.body)
      ? new URLSearchParams(
          Object.entries(message.body).map(([name, value]): [string, string] => [name, String(value)]),
        )
      : new URLSearchParams(message.query);
  const invitation = invitationOf(tenant, fields);
  if (invitation === undefined)
    return failure(404, 'The link is incomplete or wrong. Open it from the invitation again.');
  const userId = text(invitation, 'userId') ?? '';
  if (message.method === 'GET') {
    const refusal = refusalOf(tenant.store.primary(), userId, undefined);
    return refusal === undefined ? choicePage(tenant, fields) : failure(410, refusals[refusal]);
  }
  if (message.method !== 'POST') return failure(405, 'Open the link from the invitation again.');
  const account = accounts.find((one) => one === fields.get('account'));
  if (account === undefined) return failure(400, 'Choose how you want to sign in.');
  const refusal = redeem(tenant, userId, account);
  if (refusal !== undefined) return failure(409, refusals[refusal]);
  return donePage(tenant, invitation, account);
}

/** The invitation that tenant, user (= invitation id) and ticket of the link name together. */
function invitationOf(tenant: Tenant, fields: URLSearchParams): Entity | undefined {
  const view = tenant.store.primary();
  const invitation = view.get('invitations', fields.get('user') ?? '');
  const right =
    invitation !== undefined &&
    fields.get('tenant') === tenantId(view) &&
    fields.get('ticket') === text(invitation, 'ticket');
  return right ? invitation : undefined;
}

function choicePage(tenant: Tenant, fields: URLSearchParams): Reply {
  const name = escapeHtml(organizationName(tenant.store.primary()));
  const hidden = ['tenant', 'user', 'ticket'].map(
    (field) => `<input type="hidden" name="${field}" value="${escapeHtml(fields.get(field) ?? '')}">`,
  );
  const buttons = accounts.map(
    (account) => `<button type="submit" name="account" value="${account}">${escapeHtml(choices[account])}</button>`,
  );
  return reply(
    200,
    `${organizationName(tenant.store.primary())} invites you`,
    `<h1>${name} invites you</h1>
<form method="post" action="/redeem/" aria-labelledby="question">
<p id="question">Which account do you want to sign in with?</p>
${[...hidden, ...buttons].join('\n')}
</form>
<p>By choosing an account you allow ${name} to read your name and e-mail address.</p>`,
  );
}

function donePage(tenant: Tenant, invitation: Entity, account: Account): Reply {
  const name = escapeHtml(organizationName(tenant.store.primary()));
  const target = escapeHtml(text(invitation, 'inviteRedirectUrl') ?? '/');
  return reply(
    200,
    'Invitation accepted',
    `<h1>You are now a guest of ${name}</h1>
<p role="status">You signed in with: ${escapeHtml(choices[account])}.</p>
<p><a href="${target}">Continue</a></p>`,
  );
}
