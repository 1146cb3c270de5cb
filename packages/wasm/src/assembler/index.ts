/** A small typed assembler for WebAssembly. It writes modules as bytes to run, and as text to read. */
export type { Expression, F32, I32, Local, Tree, V128, ValueType } from './expression.ts';
export { FunctionBuilder, type Arguments, type FunctionHandle, type Parameters } from './function.ts';
export { f64x2 } from './f64x2.ts';
export { f32, f32x4, i16x8, i32, i32x4, i8x16, v128 } from './instructions.ts';
export { MAX_PAGES, ModuleBuilder } from './module.ts';
