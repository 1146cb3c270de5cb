/** Who attends to whom. Adding a pattern: one file, one line here, one in json.ts. */
export { and, not, or } from './combinators.ts';
export { blockSparse, type BlockLayout, type BlockSparseOptions } from './block-sparse.ts';
export { causal } from './causal.ts';
export { drawPattern, type Drawing, type DrawOptions } from './draw.ts';
export { BoolExpression, IntExpression, type Operand, type Variables } from './expression.ts';
export type { FormulaFunction } from './formula.ts';
export type { Arithmetic, BoolNode, Comparison, IntNode, Variable } from './expression-tree.ts';
export { fixed, type FixedOptions } from './fixed.ts';
export { full } from './full.ts';
export { globalTokens, type GlobalTokensOptions } from './global-tokens.ts';
export { patternFromJson } from './json.ts';
export type { Json, JsonObject } from './json-value.ts';
export { keyPadding, type KeyPaddingOptions } from './key-padding.ts';
export { mulberry32 } from './mulberry32.ts';
export {
  definePattern,
  type BatchRows,
  type Coverage,
  type OrderHint,
  type Pattern,
  type PatternData,
  type PatternDefinition,
  type PatternInput,
  type PatternSizes,
} from './pattern.ts';
export { perHead } from './per-head.ts';
export { randomBlocks, type RandomBlocksOptions } from './random-blocks.ts';
export { last, mod, type Run } from './runs.ts';
export { segments, type SegmentsOptions } from './segments.ts';
export { sinks } from './sinks.ts';
export { slidingWindow, type SlidingWindowOptions } from './sliding-window.ts';
export { strided, type StridedOptions } from './strided.ts';
export { where, type WhereExpression } from './where.ts';
export { withGlobalMask } from './with-global-mask.ts';
export type { Rows } from './batch-rows.ts';
