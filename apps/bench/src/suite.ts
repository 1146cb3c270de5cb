/** A suite measures one part of the project and returns tables; every figure in `docs/` is a cell of one of them. */

/** A table of figures. */
export interface Table {
  readonly title: string;
  /** What was measured, how, and what the target is. */
  readonly note: string;
  readonly rows: readonly Readonly<Record<string, string | number>>[];
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
  log(message: string): void;
}
