import type { Schema } from '../bind/schema.ts';
import { placeOf, type SyntaxNode } from '../bind/syntax.ts';
import { KqlError } from '../kql-error.ts';
import type { Relation, Shared } from '../tree/relation.ts';
import type { Environment } from './environment.ts';
import type { QueryPlan } from './query-plan.ts';
import type { Dispatchers } from './recursion.ts';
import type { Column } from './rows.ts';
import { Visibility } from './visibility.ts';

/** Nodes lowered for one query, counting each inlining of a function or `let`: far above any query written by hand. */
const maxNodes = 60_000;
/** Operators and expressions inside one another. */
const maxDepth = 250;

export interface SharedRows {
  readonly shared: Shared;
  readonly columns: readonly Column[];
}

/** What lowering one query needs everywhere. */
export class LoweringContext {
  readonly dispatch: Dispatchers;
  readonly schema: Schema;
  /** Ticks since 0001-01-01 of the one instant that now() and ago() mean in this query. */
  readonly now: bigint;
  /** Whether the event store knows where addresses are. */
  readonly hasGeo: boolean;
  /** What the query needs before it is one statement. */
  readonly plan: QueryPlan;
  /** Which tables and names the query has kept from itself. */
  readonly visibility = new Visibility();
  /** The chart that `render` asks for. */
  chart: string | undefined;
  /** Relations computed once, in order of definition: a later one may use an earlier one. */
  readonly shared: Shared[] = [];
  /** Keyed by the `materialize` node, so that each use of it refers to the same rows. */
  readonly sharedByNode = new Map<SyntaxNode, SharedRows>();
  #nextId = 1;
  #nodes = 0;
  #depth = 0;

  constructor(dispatch: Dispatchers, schema: Schema, now: bigint, plan: QueryPlan, hasGeo: boolean) {
    this.dispatch = dispatch;
    this.schema = schema;
    this.now = now;
    this.plan = plan;
    this.hasGeo = hasGeo;
  }

  newId(): number {
    return this.#nextId++;
  }

  share(node: SyntaxNode, relation: Relation, columns: readonly Column[]): SharedRows {
    const rows = { shared: this.shareRelation(relation), columns };
    this.sharedByNode.set(node, rows);
    return rows;
  }

  /** A relation computed once, for whoever refers to it. */
  shareRelation(relation: Relation): Shared {
    const shared = Object.freeze({ key: this.shared.length + 1, relation });
    this.shared.push(shared);
    return shared;
  }

  /** Runs `work` one level deeper, within the bounds of size and depth. */
  within<T>(node: SyntaxNode, environment: Environment, work: () => T): T {
    this.#nodes++;
    if (this.#nodes > maxNodes)
      throw this.unsupported('a query this large once its functions are inlined', node, environment);
    if (this.#depth >= maxDepth) throw this.unsupported('a query nested this deeply', node, environment);
    this.#depth++;
    try {
      return work();
    } finally {
      this.#depth--;
    }
  }

  unsupported(construct: string, node: SyntaxNode, environment: Environment, why?: string): KqlError {
    return KqlError.unsupported(construct, placeOf(node, environment.offset), why);
  }

  semantic(message: string, node: SyntaxNode, environment: Environment): KqlError {
    return new KqlError('semantic', message, placeOf(node, environment.offset));
  }
}
