/** Collects what one request will leave in the audit trail, and writes it once. */
import type { Transaction } from 'kysely';
import type { Audit, AuditActor, AuditEntry } from '../features/audit/index.ts';
import type { AnyCaller, AuditPart, Route } from './route.ts';
import { withoutSecrets } from './without-secrets.ts';

export class RequestAudit implements AuditPart {
  readonly #audit: Audit;
  readonly #route: Pick<Route, 'id' | 'audit'>;
  readonly #where: { readonly ip: string; readonly correlationId: string };
  #who: { tenantId: string; actor: AuditActor; appId?: string } | null = null;
  #target: AuditEntry['target'];
  #details: Record<string, unknown> = {};
  #written = false;

  constructor(
    audit: Audit,
    route: Pick<Route, 'id' | 'audit'>,
    where: { readonly ip: string; readonly correlationId: string },
  ) {
    this.#audit = audit;
    this.#route = route;
    this.#where = where;
  }

  caller(caller: AnyCaller): void {
    if ('collectorId' in caller)
      this.as(caller.tenantId, { kind: 'application', id: caller.collectorId, name: caller.name });
    else if ('deviceId' in caller)
      this.as(caller.tenantId, { kind: 'device', id: caller.deviceId, name: caller.deviceId });
    else {
      const actor = { kind: caller.kind, id: caller.id, name: caller.name };
      this.#who = {
        tenantId: caller.tenantId,
        actor,
        ...(caller.kind === 'user' ? { appId: caller.clientId } : {}),
      };
      if (caller.homeTenantId !== undefined) this.details({ homeTenantId: caller.homeTenantId });
    }
  }

  as(tenantId: string, actor: AuditActor): void {
    this.#who = { tenantId, actor };
  }

  target(kind: string, id: string): void {
    this.#target = { kind, id };
  }

  details(facts: Readonly<Record<string, unknown>>): void {
    Object.assign(this.#details, facts);
  }

  /** What was asked, for the record. Only of calls that leave one. */
  payload(body: unknown): void {
    if (this.#route.audit !== null && body !== undefined && body !== null)
      this.details({ request: withoutSecrets(body) });
  }

  repeats(): void {
    this.#written = true;
  }

  // biome-ignore lint/suspicious/noExplicitAny: any feature's transaction will do; only its connection is used
  async recordIn(db: Transaction<any>): Promise<void> {
    const entry = this.#entry('success');
    if (entry) await this.#audit.record(entry, db);
    this.#written = true;
  }

  async recordTogether(): Promise<void> {
    const entry = this.#entry('success');
    if (entry) await this.#audit.record(entry);
    this.#written = true;
  }

  part(action: string): RequestAudit {
    const part = new RequestAudit(this.#audit, { id: this.#route.id, audit: action }, this.#where);
    part.#who = this.#who;
    return part;
  }

  refused(error: { code: string; status: number; publicMessage: string }): Promise<void> {
    return this.ended(error);
  }

  async succeeded(): Promise<void> {
    if (this.#written) return;
    const entry = this.#entry('success');
    if (entry) await this.#audit.record(entry);
  }

  /** Calls without a known caller or over quota leave no record: strangers could otherwise fill the trail. They are counted in metrics. */
  async ended(error: { code: string; status: number; publicMessage: string }): Promise<void> {
    if (error.status === 401 || error.status === 429) return;
    this.details({ error: error.code, message: error.publicMessage });
    // Whoever asks for what he may not see is of interest, though reading leaves no record.
    const action = this.#route.audit ?? (error.status === 403 ? 'access.refuse' : null);
    if (this.#route.audit === null) this.details({ route: this.#route.id });
    const entry = this.#entry(error.status >= 500 ? 'failed' : 'refused', action);
    if (entry) await this.#audit.record(entry);
  }

  #entry(outcome: AuditEntry['outcome'], action = this.#route.audit): AuditEntry | null {
    if (action === null || this.#who === null) return null;
    return {
      ...this.#who,
      action,
      outcome,
      details: this.#details,
      sourceIp: this.#where.ip,
      correlationId: this.#where.correlationId,
      ...(this.#target ? { target: this.#target } : {}),
    };
  }
}
