/**
 * Whether the public functions of a package can stand anything that they are called with; published as
 * `@attn/conformance/arguments`.
 */
export { functionNames, functionProblems, type FunctionTable, type FunctionTrial } from './check-function.ts';
export { wrongValues } from './wrong-values.ts';
