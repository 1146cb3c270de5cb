/**
 * The module of products with quantised weights, C [rows × columns] = A · Bᵀ: `multiply-numbers.ts` has those
 * of f32 numbers, `multiply-integers.ts` those of integers.
 */
import { ModuleBuilder } from '../../assembler/index.ts';
import { DEPTH } from '../gemm.ts';
import { defineIntegers, INTEGERS_SCRATCH_BYTES } from './multiply-integers.ts';
import { defineNumbers, NUMBERS_SCRATCH_BYTES } from './multiply-numbers.ts';
import { INTEGER_DEPTH, INTEGER_STRIDE } from './rows.ts';
import { QUANTIZED_ROWS, type MultiplyOptions } from './task.ts';

/** How A is multiplied: as f32 numbers, or as integers of `quantizeRows`. */
export type MultiplyForm = 'numbers' | 'integers';

/** The options that a module is specialised to. */
export interface MultiplyModuleOptions extends MultiplyOptions {
  readonly sharedMemory: boolean;
  readonly form: MultiplyForm;
}

/** Bytes of the integers of a task, which pass over each panel: about what the second cache holds. */
const INTEGERS_BYTES = 2 ** 19;

/** The most codes of a piece of the depth. */
export function pieceDepth(form: MultiplyForm): number {
  return form === 'numbers' ? DEPTH : INTEGER_DEPTH;
}

/** The most rows of a task. */
export function mostRows(form: MultiplyForm, pieceCount: number): number {
  if (form === 'numbers') return QUANTIZED_ROWS;
  const fitting = Math.floor(INTEGERS_BYTES / (INTEGER_STRIDE * Math.max(1, pieceCount)));
  return Math.max(32, Math.min(QUANTIZED_ROWS, fitting));
}

/** Bytes of scratch memory. */
export function multiplyScratchBytes(form: MultiplyForm): number {
  return form === 'numbers' ? NUMBERS_SCRATCH_BYTES : INTEGERS_SCRATCH_BYTES;
}

/** The module: exports `multiply(task: QUANTIZED_PRODUCT, scratch)`. */
export function multiplyModule({ sharedMemory, form, ...options }: MultiplyModuleOptions): ModuleBuilder {
  const module = new ModuleBuilder({ sharedMemory });
  module.export(form === 'numbers' ? defineNumbers(module, options) : defineIntegers(module, options));
  return module;
}
