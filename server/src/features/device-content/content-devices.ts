/** The devices connected to this server, with what each holds of every topic and what it was told of. Memory only: whoever connects says what it holds. */
import { type ContentTopic, contentTopics, type DeviceHealth, type ToDevice } from '@merlon/contract';
import { EVERYWHERE, NEWEST } from './store.ts';

/** Says a frame to the device; also tells one connection of a device from the next. */
export type SayToDevice = (frame: ToDevice) => void;
export type HeldTopics = Pick<DeviceHealth, 'content' | 'contentScopes'>;
/** Scope -> version of the newest change that concerns it; {@link EVERYWHERE}, {@link NEWEST}. */
export type Heads = ReadonlyMap<string, number>;

interface Connected {
  readonly say: SayToDevice;
  /** Null: not known yet. */
  scope: string | null;
  /** Topic -> what it says it has in force. */
  held: ReadonlyMap<ContentTopic, { readonly version: number; readonly scope: string | undefined }>;
  readonly told: Map<ContentTopic, { readonly version: number; readonly scope: string; readonly at: number }>;
}

/** A device that still holds less after this long is told again. */
const PATIENCE_MS = 30_000;

export class ContentDevices {
  readonly #tenants = new Map<string, Map<string, Connected>>();

  /** @returns whether its scope has still to be found */
  heard(tenantId: string, deviceId: string, held: HeldTopics, say: SayToDevice): boolean {
    const devices = this.#tenants.get(tenantId) ?? new Map<string, Connected>();
    this.#tenants.set(tenantId, devices);
    const known = devices.get(deviceId);
    if (known?.say === say) {
      known.held = topicsOf(held);
      return known.scope === null;
    }
    devices.set(deviceId, { scope: null, held: topicsOf(held), say, told: new Map() });
    return true;
  }

  left(tenantId: string, deviceId: string, say: SayToDevice): void {
    const devices = this.#tenants.get(tenantId);
    if (devices?.get(deviceId)?.say !== say) return;
    devices.delete(deviceId);
    if (devices.size === 0) this.#tenants.delete(tenantId);
  }

  place(tenantId: string, scopes: ReadonlyMap<string, string>): void {
    const devices = this.#tenants.get(tenantId);
    for (const [deviceId, scope] of scopes) {
      const device = devices?.get(deviceId);
      if (device) device.scope = scope;
    }
  }

  scopeOf(tenantId: string, deviceId: string): string | null {
    return this.#tenants.get(tenantId)?.get(deviceId)?.scope ?? null;
  }

  idsOf(tenantId: string): string[] {
    return [...(this.#tenants.get(tenantId)?.keys() ?? [])];
  }

  /** Tells those of the devices that hold less than there is for them, each once a while. @returns how many were told */
  tell(
    tenantId: string,
    topic: ContentTopic,
    heads: Heads,
    deviceIds: Iterable<string>,
    now: number,
  ): number {
    const everywhere = heads.get(EVERYWHERE) ?? 0;
    // A device that holds more was told by a server that has lost it since: it has to be caught up with.
    const newest = heads.get(NEWEST) ?? 0;
    const devices = this.#tenants.get(tenantId);
    let count = 0;
    for (const deviceId of deviceIds) {
      const device = devices?.get(deviceId);
      if (!device || device.scope === null) continue;
      const { scope, held, told, say } = device;
      const version = Math.max(everywhere, heads.get(scope) ?? 0);
      const has = held.get(topic);
      const isCurrent = has
        ? has.scope === scope && has.version >= version && has.version <= newest
        : version === 0;
      if (isCurrent) continue;
      const said = told.get(topic);
      if (said && said.version >= version && said.scope === scope && now - said.at < PATIENCE_MS) continue;
      told.set(topic, { version, scope, at: now });
      say({ type: 'content', topic, version });
      count += 1;
    }
    return count;
  }
}

/** A device may say anything; what is kept of it is about topics that there are. */
function topicsOf({ content, contentScopes }: HeldTopics): Connected['held'] {
  return new Map(
    contentTopics.flatMap((topic) => {
      const version = content?.[topic];
      return version === undefined ? [] : [[topic, { version, scope: contentScopes?.[topic] }] as const];
    }),
  );
}
