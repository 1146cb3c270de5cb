/** Watches how a function builds expressions, so that formula.ts can call it again and compare. */

/** What a function builds: a tree, with the number of its nodes. */
export interface Expression {
  readonly node: unknown;
  readonly size: number;
}

/** Watches how a formula builds expressions. */
export interface Watcher {
  /** The formula's text, for errors. */
  readonly text?: string;
  /**
   * Called before a method of an expression, with its name, the expression and the operands, or a variable.
   */
  called(name: string, operands: readonly unknown[]): void;
  /** Called with each new expression; the formula gets what this returns. */
  built<T extends Expression>(expression: T): T;
}

const NOBODY: Watcher = { called: () => {}, built: (expression) => expression };
let watcher = NOBODY;

/** Runs `build` while `next` watches, and returns its result. */
export function whileWatched<T>(next: Watcher, build: () => T): T {
  const previous = watcher;
  watcher = next;
  try {
    return build();
  } finally {
    watcher = previous;
  }
}

/** Tells the watcher of a call of a method, or of a variable that is read. */
export function called(name: string, operands: readonly unknown[]): void {
  watcher.called(name, operands);
}

/** Tells the watcher of a new expression, and returns what the formula gets in its place. */
export function built<T extends Expression>(expression: T): T {
  return watcher.built(expression);
}

/** The text of the function that is watched. */
export function formulaText(): string {
  return watcher.text ?? '';
}
