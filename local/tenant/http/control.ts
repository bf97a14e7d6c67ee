import { z } from 'zod';
import { accounts, redeem } from '../directory/redemption';
import { activeSubscriptions } from '../notifications/outbox';
import { demandReauthorization } from '../notifications/subscriptionLife';
import { settingsUpdate } from '../store/settings';
import { exportState, importState, StateError } from '../store/document';
import { text, without } from '../store/snapshot';
import type { Tenant } from '../tenant';
import { faultSchema } from './faults';
import { noContent, ok, type Message, type Reply } from './message';

const problem = (status: number, message: string): Reply => ({ status, body: { error: message } });

const redeemBody = z.strictObject({ userId: z.string(), account: z.enum(accounts) });
const clockBody = z.strictObject({ advanceMs: z.number().min(0) });
const lifecycleBody = z.strictObject({
  event: z.enum(['reauthorizationRequired', 'lost']),
  subscriptionId: z.string().optional(),
});

/** What the control endpoints can do besides changing the tenant. */
export interface ControlActions {
  /** Called after the clock moved or a whole tenant was loaded: everything that is due happens now. */
  readonly catchUp: () => void;
}

type Handler = (tenant: Tenant, body: unknown, message: Message, actions: ControlActions) => Reply;

const handlers: Readonly<Record<string, Handler>> = {
  'GET /_tenant/state': (tenant) => ok(exportState(tenant.store.primary())),
  'PUT /_tenant/state': (tenant, body, _message, actions) => {
    tenant.store.replaceAll(importState(body, tenant.clock.now()));
    actions.catchUp();
    return noContent();
  },
  'POST /_tenant/redeem': (tenant, body) => {
    const { userId, account } = redeemBody.parse(body);
    const refusal = redeem(tenant, userId.toLowerCase(), account);
    if (refusal === undefined) return ok({ userId, account, externalUserState: 'Accepted' });
    return problem(refusal === 'unknownUser' ? 404 : 409, refusal);
  },
  'GET /_tenant/mailbox': (tenant) =>
    ok(
      tenant.store
        .primary()
        .list('mails')
        .map((mail) => without(mail, 'id')),
    ),
  'GET /_tenant/settings': (tenant) => ok(tenant.settings.get()),
  'PUT /_tenant/settings': (tenant, body) => ok(tenant.settings.update(settingsUpdate.parse(body))),
  'GET /_tenant/faults': (tenant) => ok(tenant.faults.list()),
  'PUT /_tenant/faults': (tenant, body) => {
    tenant.faults.set(z.array(faultSchema).parse(body));
    return ok(tenant.faults.list());
  },
  'GET /_tenant/requests': (tenant, _body, message) =>
    ok(tenant.log.list(new URLSearchParams(message.query).get('bodies') === 'true')),
  'DELETE /_tenant/requests': (tenant) => {
    tenant.log.clear();
    return noContent();
  },
  'GET /_tenant/clock': (tenant) => ok(clockOf(tenant)),
  'POST /_tenant/clock': (tenant, body, _message, actions) => {
    tenant.clock.advance(clockBody.parse(body).advanceMs);
    actions.catchUp();
    return ok(clockOf(tenant));
  },
  'POST /_tenant/lifecycle': (tenant, body) => {
    const { event, subscriptionId } = lifecycleBody.parse(body);
    const chosen = activeSubscriptions(tenant.store.primary(), tenant.clock.now()).filter(
      ({ id }) => subscriptionId === undefined || id === subscriptionId,
    );
    if (event === 'lost') {
      tenant.store.transaction((tx) => {
        for (const { id } of chosen) tx.remove('changeSubscriptions', id);
      });
      return ok({ lost: chosen.map(({ id }) => id) });
    }
    const asked = chosen.filter((one) => text(one, 'lifecycleNotificationUrl') !== undefined);
    tenant.store.transaction((tx) => {
      for (const subscription of asked) demandReauthorization(tenant, tx, subscription);
    });
    return ok({ sent: asked.map(({ id }) => id) });
  },
};

const clockOf = ({ clock }: Tenant) => ({ now: new Date(clock.now()).toISOString(), offsetMs: clock.offset });

/** The control endpoints under `/_tenant`, described in README.md. Loopback only, without a token. */
export function answerControl(tenant: Tenant, message: Message, actions: ControlActions): Reply {
  const handler = handlers[`${message.method} ${message.path}`];
  if (handler === undefined) return problem(404, `There is no ${message.method} ${message.path}.`);
  if (message.body instanceof SyntaxError) return problem(400, 'The body is not JSON.');
  try {
    return handler(tenant, message.body, message, actions);
  } catch (error) {
    if (error instanceof z.ZodError) return problem(400, z.prettifyError(error));
    if (error instanceof StateError) return problem(400, error.message);
    throw error;
  }
}
