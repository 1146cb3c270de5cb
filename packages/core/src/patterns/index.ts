/** Patterns: which query sees which key. To add one: its file, a line here, a line in `json.ts`. */
export { and, not, or } from './combinators.ts';
export { blockSparse } from './block-sparse.ts';
export { causal } from './causal.ts';
export { fixed } from './fixed.ts';
export { full } from './full.ts';
export { globalTokens } from './global-tokens.ts';
export { keyPadding } from './key-padding.ts';
export { perHead } from './per-head.ts';
export { randomBlocks } from './random-blocks.ts';
export { segments } from './segments.ts';
export { sinks } from './sinks.ts';
export { slidingWindow } from './sliding-window.ts';
export { strided } from './strided.ts';
export { where } from './where.ts';
export { withGlobalMask } from './with-global-mask.ts';

// Patterns of your own, and functions of all patterns.
export { definePattern } from './define-pattern.ts';
export type { Pattern, PatternDefinition, PatternSizes } from './pattern.ts';
export { last, mod, type Run } from './runs.ts';
export type { BoolExpression, IntExpression, Variables } from './expression.ts';
export { patternFromJson } from './json.ts';
export { drawPattern } from './draw.ts';
