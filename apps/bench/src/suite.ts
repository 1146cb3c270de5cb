/**
 * A suite measures one part of the project and returns tables; every
 * figure in `docs/` is a cell of one of them.
 */

/** A table of figures. */
export interface Table {
  readonly title: string;
  /** What was measured, how, and what the target is. */
  readonly note: string;
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  /** Which columns a picture of it shows. Default: `N` or `n`, `ms` and `who`, both axes logarithmic. */
  readonly plot?: Plot;
}

/** A picture of a table: a line for each value of `by`. */
export interface Plot {
  readonly x: string;
  readonly y: string;
  readonly by: string;
  /** Whether y is a share, drawn from 0 to 1. Default: it is drawn logarithmically. */
  readonly isShare?: boolean;
  /** Whether x is not drawn logarithmically. */
  readonly isLinear?: boolean;
}

/** One suite, chosen by name on the command line. */
export interface Suite {
  readonly name: string;
  readonly describes: string;
  run(options: SuiteOptions): Promise<readonly Table[]>;
}

/** How long to measure, and where to say what is going on. */
export interface SuiteOptions {
  /** Rounds of interleaved runs. */
  readonly rounds: number;
  /** Few and small sizes. */
  readonly quick: boolean;
  /** Only the rows whose name contains this, in suites that know it. */
  readonly only?: string;
  /** Threads of backends, instead of one for each core, in suites that know it. */
  readonly threads?: number;
  log(message: string): void;
}
