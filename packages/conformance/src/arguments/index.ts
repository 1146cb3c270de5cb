/**
 * Checks of a package's public functions with wrong arguments; published as `@attn/conformance/arguments`.
 */
export { functionNames, functionProblems, type FunctionTable, type FunctionTrial } from './check-function.ts';
export { wrongValues } from './wrong-values.ts';
