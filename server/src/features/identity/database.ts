/** Rows of identity's tables. */
import type { Generated } from 'kysely';

export interface IdentityDatabase {
  tenants: { id: string; name: string; domain: string; is_default: boolean; created_at: Date };
  signing_keys: { kid: string; private_jwk: string; created_at: Date; retires_at: Date | null };
  identity_secrets: { name: string; value: string };
  users: {
    tenant_id: string;
    id: string;
    principal_name: string;
    display_name: string;
    password_hash: string;
    must_change_password: boolean;
    enabled: Generated<boolean>;
    created_at: Date;
  };
  sign_in_failures: {
    tenant_id: string;
    name: string;
    failures: number;
    failed_at: Date;
    locked_until: Date | null;
  };
  apps: {
    tenant_id: string;
    client_id: string;
    object_id: string;
    display_name: string;
    permissions: string[];
    delegated: string[];
    is_public: boolean;
    redirect_uris: string[];
    multi_tenant: boolean;
    password_grant: boolean;
    enabled: Generated<boolean>;
    created_at: Date;
  };
  app_certificates: {
    tenant_id: string;
    id: string;
    client_id: string;
    sha1: string;
    sha256: string;
    subject: string;
    public_jwk: string;
    created_at: Date;
    expires_at: Date;
  };
  app_consents: {
    tenant_id: string;
    client_id: string;
    object_id: string;
    permissions: string[];
    delegated: string[];
    consented_by: string;
    consented_at: Date;
  };
  /** `day`: `2026-11-25`. */
  app_usage: { tenant_id: string; client_id: string; day: string; calls: string };
  app_secrets: {
    tenant_id: string;
    id: string;
    client_id: string;
    hash: string;
    hint: string;
    created_at: Date;
    expires_at: Date;
  };
  oidc_records: {
    tenant_id: string;
    model: string;
    id: string;
    payload: string;
    grant_id: string | null;
    uid: string | null;
    user_code: Generated<string | null>;
    consumed_at: Date | null;
    expires_at: Date | null;
  };
}
