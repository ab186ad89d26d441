/** An external identity provider as data: what an administrator says of it, and what is shown of it. */
import { type Static, Type } from 'typebox';

const exactly = { additionalProperties: false } as const;
const claim = Type.String({ minLength: 1, maxLength: 200 });

/** Names of claims; `a.b` reaches into an object where there is no claim of the whole name. */
export const ClaimMapping = Type.Object(
  {
    userName: claim,
    displayName: claim,
    email: claim,
    groups: claim,
    /** Application permissions of a program's token. */
    roles: claim,
    /** Delegated permissions of a person's token. */
    scopes: claim,
    /** A claim that only tokens of programs have. Null: `idtyp` is `app`, or the subject is the client itself. */
    program: Type.Union([claim, Type.Null()]),
  },
  exactly,
);
export type ClaimMapping = Static<typeof ClaimMapping>;

export const usualClaims: ClaimMapping = {
  userName: 'preferred_username',
  displayName: 'name',
  email: 'email',
  groups: 'groups',
  roles: 'roles',
  scopes: 'scp',
  program: null,
};

/** What SCIM says of a person that a claim may repeat. */
export const matchAttributes = ['externalId', 'userName'] as const;
export type MatchAttribute = (typeof matchAttributes)[number];

/** Which claim tells which person of a directory somebody is. */
export const ProvisionedMatch = Type.Object({ claim, attribute: Type.Enum([...matchAttributes]) }, exactly);
export type ProvisionedMatch = Static<typeof ProvisionedMatch>;

export const members = {
  name: Type.String({ minLength: 1, maxLength: 60 }),
  issuer: Type.String({ minLength: 8, maxLength: 500 }),
  clientId: Type.String({ minLength: 1, maxLength: 200 }),
  scopes: Type.Array(
    Type.String({
      pattern: '^[!#-\\[\\]-~]{1,200}$',
      description: 'a word of letters, digits and signs, without spaces and quotes',
    }),
    { maxItems: 20 },
  ),
  /** `aud` of tokens that are taken at the API. Null: none are. */
  apiAudience: Type.Union([Type.String({ minLength: 1, maxLength: 300 }), Type.Null()]),
  /** Empty: any. Else only who has a verified address there. */
  emailDomains: Type.Array(
    Type.String({ pattern: '^[A-Za-z0-9.-]{1,253}$', description: 'a domain, such as contoso.example' }),
    { maxItems: 100 },
  ),
  /** Whether an unknown person gets an account at the first sign-in. */
  provisioning: Type.Boolean(),
  /** How people whom a directory keeps by SCIM are found at their first sign-in. Null: they are not. */
  matchProvisioned: Type.Union([ProvisionedMatch, Type.Null()]),
  /** Whether `mfa` in `amr` of its ID tokens is the second proof that the tenant wants. */
  mfaTrusted: Type.Boolean(),
} as const;

export const usualScopes = ['openid', 'profile', 'email'] as const;

export const IdentityProvider = Type.Object({
  id: Type.String(),
  ...members,
  claims: ClaimMapping,
  enabled: Type.Boolean(),
  hasSecret: Type.Boolean(),
  /** What to register at the provider. */
  redirectUri: Type.String(),
  createdAt: Type.String(),
});
export type IdentityProvider = Static<typeof IdentityProvider>;

export type Settings = Omit<IdentityProvider, 'id' | 'enabled' | 'hasSecret' | 'redirectUri' | 'createdAt'>;

/** What of a discovery document is used (OpenID Connect Discovery 1.0, section 3). */
export interface Discovered {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
  readonly authorization_response_iss_parameter_supported?: boolean;
  readonly token_endpoint_auth_methods_supported?: string[];
}

/** A provider with all that signing in by it needs. */
export interface Configured extends Settings {
  readonly id: string;
  readonly tenantId: string;
  readonly enabled: boolean;
  readonly sealedSecret: string | null;
  readonly discovered: Discovered;
  readonly createdAt: Date;
}
