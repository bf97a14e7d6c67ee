import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { isRecord } from '../store/snapshot';
import type { Database } from '../store/database';
import type { Caller } from '../tenant';

// jose would be the library for this, but it is published as an ES module only, which neither this CommonJS project nor
// jest 29 can load without switching loaders. RS256 over two base64url parts is all that is needed here.

/** The key pair that signs the tenant's tokens. */
export interface TokenKeys {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const metaKey = 'tokenKey';

/** The tenant's signing key: made at the first start, kept in its database. */
export function loadTokenKeys(database: Database): TokenKeys {
  const saved = database.readMeta(metaKey);
  if (isRecord(saved) && typeof saved['pem'] === 'string' && typeof saved['id'] === 'string') {
    return keysOf(saved['id'], saved['pem']);
  }
  const keys = makeTokenKeys();
  const pem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  database.writeMeta(metaKey, { id: keys.id, pem });
  return keys;
}

/** A new pair of keys. */
export function makeTokenKeys(): TokenKeys {
  return { id: randomUUID(), ...generateKeyPairSync('rsa', { modulusLength: 2048 }) };
}

function keysOf(id: string, pem: string): TokenKeys {
  const privateKey = createPrivateKey(pem);
  return { id, privateKey, publicKey: createPublicKey(privateKey) };
}

/** What a token says; times in seconds since 1970, as in every JWT. */
export interface Claims {
  readonly aud: string;
  readonly iss: string;
  readonly tid: string;
  readonly oid: string;
  readonly appid: string;
  readonly roles: readonly string[];
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A signed JWT (RS256). */
export function signToken(keys: TokenKeys, claims: Claims): string {
  const content = `${encode({ typ: 'JWT', alg: 'RS256', kid: keys.id })}.${encode(claims)}`;
  return `${content}.${sign('sha256', Buffer.from(content), keys.privateKey).toString('base64url')}`;
}

/**
 * The caller that an Authorization header proves, or the message of the 401 that it deserves. Expiry is judged by real
 * time: the callers' libraries cache tokens by real time too.
 */
export function verifyToken(
  keys: TokenKeys,
  authorization: string | undefined,
  audiences: readonly string[],
): Caller | string {
  const [, token] = /^Bearer (.+)$/i.exec(authorization ?? '') ?? [];
  if (token === undefined) return 'Access token is empty.';
  const claims = readClaims(keys, token);
  if (claims === undefined) return 'Access token validation failure. Invalid signature.';
  if (claims.exp * 1000 <= Date.now()) return 'Lifetime validation failed, the token is expired.';
  if (!audiences.includes(claims.aud.replace(/\/$/, ''))) return 'Access token validation failure. Invalid audience.';
  return { objectId: claims.oid, appId: claims.appid, roles: new Set(claims.roles) };
}

/** Claims of tokens whose signature was found genuine, by key pair: the same token comes with many requests. */
const genuineTokens = new WeakMap<KeyObject, Map<string, Claims>>();

function readClaims(keys: TokenKeys, token: string): Claims | undefined {
  const known = genuineTokens.get(keys.publicKey) ?? new Map<string, Claims>();
  genuineTokens.set(keys.publicKey, known);
  const claims = known.get(token) ?? verifiedClaims(keys, token);
  if (claims !== undefined) known.set(token, claims);
  return claims;
}

function verifiedClaims(keys: TokenKeys, token: string): Claims | undefined {
  const [header, payload, signature] = token.split('.');
  if (header === undefined || payload === undefined || signature === undefined) return undefined;
  const genuine = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    keys.publicKey,
    Buffer.from(signature, 'base64url'),
  );
  // Only what this tenant signed is read, so its shape is known.
  return genuine ? (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims) : undefined;
}
