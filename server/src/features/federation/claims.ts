/** From a provider's claims to what we make of them. Pure. */
import { createHash } from 'node:crypto';
import type { ClaimMapping, MatchAttribute, Settings } from './identity-provider.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** A person in more groups than this is taken into the first ones only. */
export const MOST_GROUPS = 200;
const LONGEST_NAME = 120;

export interface ForeignPerson {
  readonly userName: string;
  readonly displayName: string;
  readonly groups: readonly string[];
  /** Groups of the claim that were left out: too many, or names that are too long. */
  readonly groupsLeftOut: number;
}

export function personOf(claims: Claims, mapping: ClaimMapping): ForeignPerson {
  const named = textOf(claims, mapping.userName) ?? textOf(claims, mapping.email) ?? 'user';
  const asked = [...new Set(listOf(claims, mapping.groups))];
  const groups = asked.filter(({ length }) => length <= LONGEST_NAME).slice(0, MOST_GROUPS);
  return {
    userName: localName(named),
    displayName: (textOf(claims, mapping.displayName) ?? named).slice(0, LONGEST_NAME),
    groups,
    groupsLeftOut: asked.length - groups.length,
  };
}

/** Null when the person may come in, else why not. */
export function domainRefusal(
  claims: Claims,
  { claims: mapping, emailDomains }: Pick<Settings, 'claims' | 'emailDomains'>,
): string | null {
  if (emailDomains.length === 0) return null;
  const domain = textOf(claims, mapping.email)?.split('@').at(-1)?.toLowerCase();
  if (domain === undefined || claims.email_verified !== true) return 'there is no verified e-mail address';
  return emailDomains.some((allowed) => allowed.toLowerCase() === domain)
    ? null
    : 'the e-mail domain is not allowed';
}

/** By what a person of a directory is found; or why he cannot be. Null: nothing is asked of the claims, or they do not hold it. */
export type ProvisionedKey =
  | { readonly kind: 'key'; readonly attribute: MatchAttribute; readonly value: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** An e-mail address that its provider did not verify is whatever somebody typed there. */
export function provisionedKey(
  claims: Claims,
  { claims: mapping, matchProvisioned }: Pick<Settings, 'claims' | 'matchProvisioned'>,
): ProvisionedKey | null {
  if (matchProvisioned === null) return null;
  const { claim, attribute } = matchProvisioned;
  const value = textOf(claims, claim);
  if (value === null) return null;
  const isEmail = claim === 'email' || claim === mapping.email;
  const email = textOf(claims, mapping.email)?.toLowerCase();
  const { email_verified: verified } = claims;
  if (isEmail ? verified !== true : value.toLowerCase() === email && verified === false)
    return { kind: 'refused', reason: 'the e-mail address is not verified' };
  return { kind: 'key', attribute, value };
}

export type ForeignToken =
  | { readonly kind: 'application'; readonly client: string; readonly permissions: readonly string[] }
  | { readonly kind: 'user'; readonly client: string; readonly permissions: readonly string[] };

/** Whose token it is. A person's roles never make a program of him. */
export function tokenOf(claims: Claims, mapping: ClaimMapping): ForeignToken {
  const named = textOf(claims, 'azp') ?? textOf(claims, 'appid') ?? textOf(claims, 'client_id');
  const program =
    mapping.program === null
      ? claims.idtyp === 'app' || (named !== null && claims.sub === named)
      : textOf(claims, mapping.program) !== null;
  // A token that names no client is a person's, whatever its subject.
  const client = named ?? textOf(claims, 'sub') ?? '';
  return program
    ? { kind: 'application', client, permissions: listOf(claims, mapping.roles) }
    : { kind: 'user', client, permissions: listOf(claims, mapping.scopes) };
}

/** A GUID for a program that we have not registered; no registered application has it. */
export function foreignClientId(tenantId: string, issuer: string, client: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([tenantId, issuer, client]))
    .digest('hex');
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}

function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name.split('.').reduce<unknown>((at, part) => {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, part)) return undefined;
    return (at as Record<string, unknown>)[part];
  }, claims);
}

function textOf(claims: Claims, name: string): string | null {
  const value = claimOf(claims, name);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

/** A list of texts, or words in one text. */
function listOf(claims: Claims, name: string): string[] {
  const value = claimOf(claims, name);
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '');
  if (!Array.isArray(value)) return [];
  return value.filter((one): one is string => typeof one === 'string' && one !== '');
}

/** The part before the `@`, in letters a user name may have. */
function localName(name: string): string {
  const [local = ''] = name.split('@');
  return (
    local
      .normalize('NFKD')
      .replaceAll(/[^A-Za-z0-9._'-]/g, '')
      .slice(0, 48) || 'user'
  );
}
