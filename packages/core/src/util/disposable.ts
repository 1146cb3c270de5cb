/**
 * `await using` calls a method whose key is `Symbol.asyncDispose`. TypeScript projects whose `lib` is older
 * than that lack the types behind it, so they are declared here, as @types/node does.
 */
declare global {
  interface SymbolConstructor {
    /** Key of the method that `using` calls at the end of a block. */
    readonly dispose: unique symbol;
    /** Key of the method that `await using` calls at the end of a block. */
    readonly asyncDispose: unique symbol;
  }

  interface Disposable {
    [Symbol.dispose](): void;
  }

  interface AsyncDisposable {
    [Symbol.asyncDispose](): PromiseLike<void>;
  }
}

/** An object that is released by `dispose()`, or by `await using` at the end of its block. */
export interface WithAsyncDispose {
  /** Releases what the object holds. Idempotent. */
  dispose(): Promise<void>;
  /** Calls `dispose()`; `await using` calls it. */
  [Symbol.asyncDispose](): Promise<void>;
}
