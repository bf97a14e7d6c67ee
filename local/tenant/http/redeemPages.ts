import { accounts, newestInvitation, redeem, refusalOf, type Account, type Refusal } from '../directory/redemption';
import { flag, isRecord, text, type Entity } from '../store/snapshot';
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

/** @param link fields of the invitation's link, where choosing again may help */
function failure(status: number, reason: string, link?: URLSearchParams): Reply {
  const heading = link === undefined ? 'We could not open the invitation' : 'That did not work';
  const again = link && `<p><a href="/redeem/?${escapeHtml(linkOf(link).toString())}">Choose again</a></p>`;
  const content = [`<h1>${heading}</h1>`, `<p role="alert">${escapeHtml(reason)}</p>`, ...(again ? [again] : [])];
  return reply(status, heading, content.join('\n'));
}

const linkFields = ['tenant', 'user', 'ticket'] as const;

const linkOf = (fields: URLSearchParams): URLSearchParams =>
  new URLSearchParams(linkFields.map((name): [string, string] => [name, fields.get(name) ?? '']));

/** The page behind `inviteRedeemUrl`: GET shows the choice, only POST decides. */
export function answerRedeemPage(tenant: Tenant, message: Message): Reply {
  const fields =
    message.method === 'POST' && isRecord(message.body)
      ? new URLSearchParams(
          Object.entries(message.body).map(([name, value]): [string, string] => [name, String(value)]),
        )
      : new URLSearchParams(message.query);
  const opened = invitationOf(tenant, fields);
  if (opened === undefined) return failure(404, 'The link is incomplete or wrong. Open it from the invitation again.');
  const userId = text(opened, 'userId') ?? '';
  if (flag(opened, 'superseded')) return failure(410, 'A newer invitation has taken the place of this one.');
  const invitation = newestInvitation(tenant.store.primary(), userId) ?? opened;
  if (message.method === 'GET') {
    const refusal = refusalOf(tenant.store.primary(), userId, undefined);
    return refusal === undefined ? choicePage(tenant, invitation, fields) : failure(410, refusals[refusal]);
  }
  if (message.method !== 'POST') return failure(405, 'Open the link from the invitation again.');
  const account = accounts.find((one) => one === fields.get('account'));
  if (account === undefined) return failure(400, 'Choose how you want to sign in.', fields);
  const refusal = redeem(tenant, userId, account);
  if (refusal !== undefined) {
    return failure(409, refusals[refusal], refusal === 'personalNotAllowed' ? fields : undefined);
  }
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

function choicePage(tenant: Tenant, invitation: Entity, fields: URLSearchParams): Reply {
  const organization = organizationName(tenant.store.primary());
  const name = escapeHtml(organization);
  const hidden = linkFields.map(
    (field) => `<input type="hidden" name="${field}" value="${escapeHtml(fields.get(field) ?? '')}">`,
  );
  const buttons = accounts.map(
    (account) => `<button type="submit" name="account" value="${account}">${escapeHtml(choices[account])}</button>`,
  );
  return reply(
    200,
    `${organization} invites you`,
    `<h1>${name} invites you</h1>
<p>This invitation was sent to <strong>${escapeHtml(text(invitation, 'invitedUserEmailAddress') ?? '')}</strong>.</p>
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
<p>From here Microsoft leads a guest on to <a href="${target}">${target}</a>, which is not part of the simulation.</p>`,
  );
}
