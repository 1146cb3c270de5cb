/**
 * A pattern is data: who attends to whom. `allows` is the definition, readable like the paper;
 * `classify` answers the same question for whole runs of positions at once, which is what makes
 * planning fast (a million tokens in milliseconds) and independent of the order of the tokens.
 *
 * Positions are key coordinates: query row i stands at position `i + queryOffset`, key column j at j.
 */
import type { JsonObject } from '../util/json-value.ts';
import type { Run } from './runs.ts';

/** Whether a pattern allows all pairs of two runs. `some` is always safe: the planner then looks closer. */
export type Coverage = 'none' | 'all' | 'some';

/** Run-time inputs that a pattern can draw its data from; each is row-major. */
export interface PatternData {
  /** [batch, n]: 1 marks a global token. */
  readonly globalMask?: BatchRows;
  /** [batch, n]: the id of the document that the token belongs to. */
  readonly segmentIds?: BatchRows;
  /** [batch]: number of valid keys. */
  readonly keyLengths?: BatchRows;
  /** Which pairs are allowed. */
  readonly mask?: PairMask;
}

/** A table of pairs, in which 0 hides. */
export interface PairMask {
  /** Broadcasts to [batch, heads, queries, keys]; row-major. */
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
  /** Position of query row 0. */
  readonly queryOffset: number;
}

/** A [batch, length] table of small integers. */
export interface BatchRows {
  readonly batch: number;
  readonly length: number;
  readonly data: ArrayLike<number>;
}

/** The name of a run-time input that a pattern may depend on. */
export type PatternInput = keyof PatternData;

/**
 * Advice to the planner: which order of the tokens turns this pattern into few dense tiles. Positions are
 * sorted by the properties that are present, in this sequence, and last by position.
 */
export interface OrderHint {
  /** Sort keys by this number, not queries: columns that every query sees become neighbours. */
  readonly keyLabels?: (position: number) => number;
  /** Sort positions by this label: interleaved documents become contiguous. */
  readonly labels?: ArrayLike<number>;
  /** Sort positions by their residue modulo this number: a dilated window becomes a band. */
  readonly modulus?: number;
  /** An order that may help: it is tried where the search for an order may still cost something. */
  readonly attempt?: OrderAttempt;
}

/** Sorts positions by numbers: by the first, those of equal ones by the second, and so on. */
export interface OrderAttempt {
  /** How `explain` calls the order. Equal names mean equal orders. */
  readonly name: string;
  readonly ranks: readonly ((position: number) => number)[];
}

/** The rows of both sides in the order of a plan, as a pattern sees them. */
export interface PlaneRows {
  /** The position of the query at each place, and of the key: one array where both are in the same order. */
  readonly queries: Int32Array;
  readonly keys: Int32Array;
  /** The greater number of runs of the two. */
  readonly runs: number;
  /** A pattern over these rows, from what it says of runs. */
  byRuns(pattern: Pattern): PatternOverRows;
}

/**
 * A pattern over rows in a fixed order, by place. Ranges are exclusive of their end. They begin at multiples
 * of 8, and of 64 if they are longer than that.
 */
export interface PatternOverRows {
  classify(q0: number, q1: number, k0: number, k1: number): Coverage;
  allows(q: number, k: number): boolean;
  /** A name of a tile's mask: equal names mean equal masks. `undefined`: it may be the only one. */
  signature(q0: number, q1: number, k0: number, k1: number): string | undefined;
}

/** Who attends to whom: an immutable, serialisable value. See `definePattern` for the defaults. */
export interface Pattern {
  /** The constructor's name; with `options` it is the JSON form. */
  readonly type: string;
  /** The constructor's options, JSON-serialisable. */
  readonly options: JsonObject;
  /** The key in caches. Built-in patterns of equal JSON have equal keys; see `definePattern`. */
  readonly key: string;

  /** May query position `q` see key position `k`, in batch row `b` and query head `h`? */
  allows(b: number, h: number, q: number, k: number): boolean;
  /** Whether all, none or some pairs of two runs are allowed. It must be cheap: log(n) calls per tile. */
  classify(b: number, h: number, q: Run, k: Run): Coverage;
  /**
   * Are all, none or some pairs of two lists of runs allowed? Optional, for patterns that can tell without
   * trying each pair of runs. A pattern that scatters tokens, such as interleaved documents, needs it: its
   * orders fall into runs of one token.
   */
  readonly classifyRuns?: (b: number, h: number, queries: readonly Run[], keys: readonly Run[]) => Coverage;
  /**
   * The pattern over rows in a fixed order. Optional, for patterns that can prepare tables of the rows, so
   * that any order costs the same; undefined also where runs say as much.
   */
  readonly overRows?: (b: number, h: number, rows: PlaneRows) => PatternOverRows | undefined;
  /**
   * A name of the mask of two runs: equal names at equal steps and counts mean equal masks, which the planner
   * then computes and stores once. `undefined`: the mask may be the only one of its kind.
   */
  signature(b: number, h: number, q: Run, k: Run): string | undefined;
  /** A name of what the pattern does in a batch row and head: those with equal names share one plan. */
  variant(b: number, h: number): string;
  /** The positions of global tokens, ascending. The planner puts them last in the order. */
  globals(b: number, h: number): Int32Array;
  /**
   * A pattern that agrees with this one wherever neither query nor key is a global token. It can answer for
   * wide runs across global tokens, where this pattern would have to look at each piece between them.
   */
  withoutGlobals(): Pattern;
  /** Patterns whose union is this one, if it is made as such: they may want different orders. */
  alternatives(): readonly Pattern[];
  /** Orders that the planner should try beside the natural one. */
  hints(b: number, h: number): readonly OrderHint[];

  /**
   * Causal by meaning: no query sees a later key, and a global token that a call adds (`globalMask`) may not
   * either.
   */
  readonly isCausal: boolean;
  /**
   * A limit says what nobody may see, such as padding: as a part of an `and`, it also holds for global tokens
   * that a call adds (`globalMask`).
   */
  readonly isLimit: boolean;

  /** Throws `INVALID_PATTERN` when the pattern does not fit these sizes: a global position out of range, … */
  validate(sizes: PatternSizes): void;
  /** Names of the run-time inputs that must be bound before planning. */
  readonly inputs: readonly PatternInput[];
  /** The pattern with its run-time inputs filled in. */
  bind(data: PatternData): Pattern;
  /** The JSON form: `{ type, ...options }`. */
  toJSON(): JsonObject;
}

/** Sizes that a pattern is checked against. */
export interface PatternSizes {
  readonly batch: number;
  readonly heads: number;
  /** Number of key positions; positions run from 0. */
  readonly keyLength: number;
  readonly queryLength: number;
  readonly queryOffset: number;
}

/** The argument of `definePattern`. `type`, `allows` and `classify` are required; `Pattern` explains each. */
export interface PatternDefinition {
  type: string;
  options?: JsonObject;
  /**
   * Names what the functions do, such as `my-library/ring@2`: two patterns of equal type, options and key
   * count as the same, in any process. Without a key each definition is a pattern of its own.
   */
  key?: string;
  allows: Pattern['allows'];
  classify: Pattern['classify'];
  classifyRuns?: Pattern['classifyRuns'];
  /** Only the difference k − q matters. `signature` then has a default. */
  shiftInvariant?: boolean;
  /** No query sees a later key: `allows` is false wherever k > q. Default false. */
  isCausal?: boolean;
  /** Says what nobody may see, global tokens included. Default false. */
  isLimit?: boolean;
  signature?: Pattern['signature'];
  variant?: Pattern['variant'];
  globals?: Pattern['globals'];
  withoutGlobals?: Pattern['withoutGlobals'];
  hints?: Pattern['hints'];
  validate?: Pattern['validate'];
  inputs?: readonly PatternInput[];
  bind?: Pattern['bind'];
}
