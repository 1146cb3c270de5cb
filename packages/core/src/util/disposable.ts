/**
 * `using` and `await using` (TypeScript ≥ 5.2, Node ≥ 24, Chromium ≥ 134) call methods whose keys are
 * `Symbol.dispose` and `Symbol.asyncDispose`. Projects whose `lib` is older than that lack the types of the two
 * symbols, so they are declared here, as @types/node does; runtimes that lack the symbols get stand-ins.
 */
declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
    readonly asyncDispose: unique symbol;
  }
}

/** An object that is released by `dispose()`, or by `using` at the end of its block. */
export interface WithDispose {
  /** Releases what the object holds. Idempotent. */
  dispose(): void;
  /** Calls `dispose()`; `using` calls it. */
  [Symbol.dispose](): void;
}

/** An object that is released by `dispose()`, or by `await using` at the end of its block. */
export interface WithAsyncDispose {
  /** Releases what the object holds. Idempotent. */
  dispose(): Promise<void>;
  /** Calls `dispose()`; `await using` calls it. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Key of the method that `using` calls: `Symbol.dispose`, or a stand-in where the runtime has none. */
export const disposeKey: typeof Symbol.dispose = (Symbol.dispose ??
  Symbol('Symbol.dispose')) as typeof Symbol.dispose;

/** Key of the method that `await using` calls: `Symbol.asyncDispose`, or a stand-in where there is none. */
export const asyncDisposeKey: typeof Symbol.asyncDispose = (Symbol.asyncDispose ??
  Symbol('Symbol.asyncDispose')) as typeof Symbol.asyncDispose;
