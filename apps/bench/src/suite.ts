/**
 * The interface of suites. A suite measures one part of the project and
 * returns tables; every figure in `docs/` is a cell of such a table.
 */

/** A table of figures. */
export interface Table {
  readonly title: string;
  /** What was measured and how, and the target. */
  readonly note: string;
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  /** Columns of its plot. Default: `N` or `n`, `ms` and `who`, both axes logarithmic. */
  readonly plot?: Plot;
}

/** A plot of a table, with a line for each value of the column `by`. */
export interface Plot {
  readonly x: string;
  readonly y: string;
  readonly by: string;
  /** Whether y is a share, drawn from 0 to 1. Default: it is drawn logarithmically. */
  readonly isShare?: boolean;
  /** Whether x is not drawn logarithmically. */
  readonly isLinear?: boolean;
  /** One more line, from another column: what all others are compared with. */
  readonly beside?: { readonly y: string; readonly name: string };
  /** Default: the names of the columns. */
  readonly xTitle?: string;
  readonly yTitle?: string;
}

/** A suite, chosen by name on the command line. */
export interface Suite {
  readonly name: string;
  readonly describes: string;
  run(options: SuiteOptions): Promise<readonly Table[]>;
}

/** Options of all suites. */
export interface SuiteOptions {
  /** Rounds of interleaved runs. */
  readonly rounds: number;
  /** Measure few and small sizes. */
  readonly quick: boolean;
  /** Measure only rows whose name contains this, in suites that support it. */
  readonly only?: string;
  /** Threads of backends instead of one for each core, in suites that support it. */
  readonly threads?: number;
  /** Clients of the serve suite. */
  readonly clients?: number;
  /** Seconds that the serve suite takes. */
  readonly seconds?: number;
  log(message: string): void;
}
