/** The type of the symbol behind `await using`, for TypeScript configurations whose libraries do not have it yet. */

declare global {
  interface SymbolConstructor {
    /** The method that `await using` calls at the end of a block. */
    readonly asyncDispose: unique symbol;
  }
}

export {};
