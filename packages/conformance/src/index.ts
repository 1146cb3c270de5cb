/** The conformance suite that every @attn backend passes: cases, oracle, tolerance and runner. */
export { allCases } from './cases/index.ts';
export { attentionCases, type AttentionCaseSpec } from './cases/attention/attention-case.ts';
export { opCases, type OpCaseSpec } from './cases/op-case.ts';
export { caseId, type BuiltCase, type CaseParams, type ConformanceCase, type ParamValue } from './case.ts';
export { isInPart, matches, selectCases, type SuitePart } from './select.ts';
export { isInHalf } from './halves.ts';
export { oracle } from './oracle.ts';
export { compareOutput, type Expected, type Mismatch, type WorstElement } from './compare.ts';
export { runCase, type CaseResult } from './runner.ts';
export { suite, type SuiteTest } from './suite.ts';
export { verdict, type Exceptions } from './verdict.ts';
export { contractCases, type ContractCase, type MakeBackend } from './contract/index.ts';
export { planProblem } from './plan-check.ts';
export { formatReport, type BackendResults } from './report.ts';
export { referenceBackend, type Evaluate } from './reference-backend.ts';
export * from './goldens/index.ts';
export type { DataRecipe, MaskRecipe, SegmentRecipe } from './data.ts';
