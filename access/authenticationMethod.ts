import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { AccessKind } from './kind';

/** Only the type is read: what a method contains (numbers, addresses, keys) is nobody's business here. */
const methodShape = z.object({ '@odata.type': z.string() });

const names: Readonly<Record<string, string>> = {
  email: 'Email one-time code',
  fido2: 'Passkey or security key (FIDO2)',
  microsoftAuthenticator: 'Microsoft Authenticator',
  phone: 'Phone',
  platformCredential: 'Platform credential',
  qrCodePin: 'QR code',
  softwareOath: 'Authenticator app (time-based code)',
  temporaryAccessPass: 'Temporary access pass',
  windowsHelloForBusiness: 'Windows Hello for Business',
};

/**
 * Methods of multi-factor authentication that the guest registered in this tenant. No app can carry them over: each is
 * reported with what the guest has to do.
 */
export const authenticationMethod: AccessKind = {
  kind: 'authenticationMethod',
  title: 'Authentication methods',
  calls: { capture: ['GET /users/{user-id}/authentication/methods'], restore: [] },
  limits: 'Registered methods cannot be carried over; the guest registers them again.',
  capturePermissions: [
    {
      anyOf: ['UserAuthenticationMethod.Read.All', 'UserAuthenticationMethod.ReadWrite.All'],
      why: 'list the kinds of authentication methods that a guest registered',
    },
  ],
  restorePermissions: [],
  async capture(guestId, { graph, tenantId }) {
    const methods = await graph.readAll(`/users/${guestId}/authentication/methods`, methodShape);
    const seen = new Map<string, number>();
    return methods
      .map((method) => typeOf(method['@odata.type']))
      .filter((type) => type !== 'password')
      .toSorted()
      .map((type) => {
        const number = (seen.get(type) ?? 0) + 1;
        seen.set(type, number);
        return grantOf(type, number, tenantId);
      });
  },
  restore: (grants, _newId, { tenantId }) =>
    Promise.resolve(
      grants.map(({ instruction }) => ({ result: 'manual', detail: instruction ?? registerAgain(tenantId) })),
    ),
};

/** `#microsoft.graph.phoneAuthenticationMethod` is a `phone`. */
function typeOf(odataType: string): string {
  return odataType.replace(/^#?microsoft\.graph\./, '').replace(/AuthenticationMethod$/, '');
}

function grantOf(type: string, number: number, tenantId: string): Grant {
  const name = names[type] ?? type;
  return {
    kind: 'authenticationMethod',
    key: number === 1 ? type : `${type}#${number}`,
    name: number === 1 ? name : `${name} (${number})`,
    instruction: type === 'temporaryAccessPass' ? PASS : registerAgain(tenantId),
    data: {},
  };
}

function registerAgain(tenantId: string): string {
  return (
    `Ask the guest to register it again: open https://mysignins.microsoft.com/security-info?tenantId=${tenantId}, sign in ` +
    'with the personal account, check that this organization is shown at the top, and choose "Add sign-in method". ' +
    'Until then the guest is asked to register at the next sign-in that requires it.'
  );
}
const PASS =
  'A temporary access pass ends by itself. If the guest still needs one, an authentication administrator makes a new ' +
  'one at the new guest, under Authentication methods in the Microsoft Entra admin center.';
