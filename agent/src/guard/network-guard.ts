/**
 * Refuses connections to addresses and questions for names that indicators name, in the kernel, for as long as the agent runs. Names are refused where they are asked for
 * (DNS over UDP and TCP port 53); the addresses that a name had before its indicator came are refused too, as long as the answer said it was theirs.
 */
import type { IndicatorItem, SensorSourceHealth } from '@merlon/contract';
import { messageOf } from '../agent-error.ts';
import type { AgentLog } from '../agent-log.ts';
import { BootTime, calibrate } from '../sensor/boot-clock.ts';
import type { ResolvedScope } from '../sensor/scope.ts';
import { Serial } from '../time/serial.ts';
import { native } from './native.ts';
import { type NetworkHit, NetworkPrograms, type RuleMap } from './network-programs.ts';
import { addressKey, type NetworkRule, networkRules, ruleOfName } from './network-rules.ts';
import { ResolvedNames } from './resolved-names.ts';

/** How long a hit waits to be told. */
const DRAIN_EVERY_MS = 250;
/** A program that tries again and again, or asks for both kinds of address, is told of once in this time. */
const SAME_HIT_MS = 2_000;
const MAX_REMEMBERED = 1_024;
const EXPIRE_EVERY_MS = 5_000;

export interface ToldNetworkHit {
  readonly item: IndicatorItem;
  readonly hit: NetworkHit;
  readonly timestamp: string;
  /** The name whose address it is, where it was refused for that. */
  readonly name: string | null;
}

export interface NetworkGuardOptions {
  readonly scope: () => ResolvedScope;
  readonly log: AgentLog;
  readonly hit: (hit: ToldNetworkHit) => void;
  /** Milliseconds, of a steady clock. */
  readonly nowMs?: () => number;
}

interface Wanted {
  readonly rule: NetworkRule;
  /** Of an address that is refused for the name it had. */
  readonly name: string | null;
}

interface Held extends Wanted {
  readonly number: number;
}

export class NetworkGuard {
  readonly #o: NetworkGuardOptions;
  readonly #now: () => number;
  readonly #oneAtATime = new Serial();
  readonly #held: { readonly [M in RuleMap]: Map<string, Held> } = { addresses: new Map(), names: new Map() };
  readonly #byNumber = new Map<number, Held>();
  readonly #resolved = new ResolvedNames();
  readonly #recent = new Map<string, number>();
  readonly #timers: NodeJS.Timeout[] = [];
  #rules = networkRules([]);
  #programs: NetworkPrograms | null = null;
  #problem: string | null = null;
  #lastNumber = 0;
  #events = 0;
  #untold = 0;

  constructor(options: NetworkGuardOptions) {
    this.#o = options;
    this.#now = options.nowMs ?? (() => performance.now());
  }

  /** Resolves once these, and no others, are in force. A failure is told by {@link health} and the log. */
  enforce(items: readonly IndicatorItem[]): Promise<void> {
    return this.#oneAtATime.run(() => this.#enforce(items));
  }

  /** A name server said that the address is the name's, for this many seconds. */
  resolved(address: string, name: string, ttlSeconds: number): void {
    this.#resolved.learn(address, name, ttlSeconds, this.#now());
    if (this.#programs === null || this.#rules.names.size === 0) return;
    const rule = ruleOfName(this.#rules.names, name);
    if (rule === null || rule.effect === 'allow') return;
    const derived = this.#derived(rule, address);
    const hex = derived.key.toString('hex');
    // What is said of an address itself is more exact than what is said of a name it has.
    if (this.#rules.addresses.has(hex)) return;
    this.#put('addresses', { rule: derived, name });
    this.#attach('addresses');
  }

  stop(): Promise<void> {
    return this.enforce([]);
  }

  /** Null while there is nothing to enforce. */
  health(): SensorSourceHealth | null {
    const { addresses, names, left } = this.#rules;
    if (addresses.size + names.size + left.length === 0) return null;
    const lost = this.#untold + (this.#programs?.untold() ?? 0);
    const reasons = [
      ...(this.#problem === null ? [] : [this.#problem]),
      ...(left.length === 0
        ? []
        : [
            `${left.length} indicators are not enforced here: ${left[0]?.item.value ?? ''} (${left[0]?.why ?? ''})`,
          ]),
    ];
    return {
      source: 'networkGuard',
      provider: 'ebpf',
      state: this.#problem !== null ? 'Unavailable' : left.length > 0 ? 'Degraded' : 'Running',
      events: this.#events,
      lost,
      ...(reasons.length === 0 ? {} : { reason: reasons.join('; ').slice(0, 500) }),
    };
  }

  async #enforce(items: readonly IndicatorItem[]): Promise<void> {
    this.#drain();
    this.#rules = networkRules(items);
    if (this.#rules.addresses.size + this.#rules.names.size === 0) {
      this.#close();
      return;
    }
    try {
      await this.#open();
      this.#fill();
      this.#problem = null;
    } catch (error) {
      this.#problem = messageOf(error);
      this.#o.log.error('the network is not guarded', { error });
    }
  }

  async #open(): Promise<void> {
    if (this.#programs !== null) return;
    const { koffi, calls } = await native();
    this.#programs = new NetworkPrograms(koffi, calls, this.#o.scope());
    this.#timers.push(
      setInterval(() => this.#drain(), DRAIN_EVERY_MS).unref(),
      setInterval(() => this.#expire(), EXPIRE_EVERY_MS).unref(),
    );
  }

  #close(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.#untold += this.#programs?.untold() ?? 0;
    this.#programs?.close();
    this.#programs = null;
    this.#problem = null;
    this.#byNumber.clear();
    for (const held of Object.values(this.#held)) held.clear();
  }

  /** The maps become what the rules say. What stays is not touched, so nothing passes meanwhile. */
  #fill(): void {
    const wanted: { readonly [M in RuleMap]: Map<string, Wanted> } = {
      addresses: this.#wantedAddresses(),
      names: new Map(),
    };
    for (const [hex, rule] of this.#rules.names) wanted.names.set(hex, { rule, name: null });
    for (const map of ['addresses', 'names'] as const) {
      for (const one of wanted[map].values()) this.#put(map, one);
      if (wanted[map].size > 0) this.#attach(map);
      else this.#programs?.detach(map);
      for (const hex of [...this.#held[map].keys()]) if (!wanted[map].has(hex)) this.#take(map, hex);
    }
  }

  #wantedAddresses(): Map<string, Wanted> {
    const wanted = new Map<string, Wanted>();
    for (const { address, name } of this.#resolved.current(this.#now())) {
      const rule = ruleOfName(this.#rules.names, name);
      if (rule === null || rule.effect === 'allow') continue;
      const derived = this.#derived(rule, address);
      wanted.set(derived.key.toString('hex'), { rule: derived, name });
    }
    for (const [hex, rule] of this.#rules.addresses) wanted.set(hex, { rule, name: null });
    return wanted;
  }

  #derived(rule: NetworkRule, address: string): NetworkRule {
    return { ...rule, key: addressKey(address) };
  }

  #put(map: RuleMap, { rule, name }: Wanted): void {
    const hex = rule.key.toString('hex');
    const known = this.#held[map].get(hex);
    if (known !== undefined && sameRule(known.rule, rule) && known.name === name) return;
    const number = ++this.#lastNumber;
    const held: Held = { rule, number, name };
    this.#byNumber.set(number, held);
    this.#programs?.set(map, rule.key, rule.effect, number);
    this.#held[map].set(hex, held);
    if (known !== undefined) this.#forgetLater(known.number);
  }

  #take(map: RuleMap, hex: string): void {
    const held = this.#held[map].get(hex);
    if (held === undefined) return;
    this.#programs?.remove(map, held.rule.key);
    this.#held[map].delete(hex);
    this.#forgetLater(held.number);
  }

  /** A hit of it may be on its way. */
  #forgetLater(number: number): void {
    setTimeout(() => this.#byNumber.delete(number), 2 * DRAIN_EVERY_MS).unref();
  }

  #attach(map: RuleMap): void {
    try {
      this.#programs?.attach(map);
    } catch (error) {
      this.#problem = messageOf(error);
      this.#o.log.error('the network is not guarded', { error });
    }
  }

  #expire(): void {
    this.#resolved.forget(this.#now());
    for (const [hex, held] of this.#held.addresses) {
      if (held.name !== null && !this.#resolved.has(hex)) this.#take('addresses', hex);
    }
  }

  #drain(): void {
    const programs = this.#programs;
    if (programs === null) return;
    let clock: BootTime | null = null;
    programs.drain((hit) => {
      this.#events++;
      const held = this.#byNumber.get(hit.indicator);
      if (held === undefined) {
        this.#untold++;
        return;
      }
      if (this.#isRepeated(hit, held)) return;
      clock ??= new BootTime(calibrate(programs.clock));
      this.#o.hit({ item: held.rule.item, hit, timestamp: clock.iso(hit.time), name: held.name });
    });
  }

  #isRepeated(hit: NetworkHit, held: Held): boolean {
    const met = hit.met.kind === 'name' ? hit.met.name : `${hit.met.address} ${hit.port}`;
    const key = `${hit.pid} ${hit.start} ${held.number} ${met}`;
    const now = this.#now();
    const before = this.#recent.get(key);
    if (before !== undefined && now - before < SAME_HIT_MS) return true;
    this.#recent.delete(key);
    this.#recent.set(key, now);
    if (this.#recent.size > MAX_REMEMBERED) {
      const [oldest] = this.#recent.keys();
      if (oldest !== undefined) this.#recent.delete(oldest);
    }
    return false;
  }
}

function sameRule(one: NetworkRule, other: NetworkRule): boolean {
  return one.effect === other.effect && JSON.stringify(one.item) === JSON.stringify(other.item);
}
