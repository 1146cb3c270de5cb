/** A single call of Linformer's attention as a graph. */
import type { Tensors } from '../contract/backend.ts';
import type { Value } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import { linformerAttention } from '../systems/linformer/linformer-attention.ts';
import {
  checkSeesAll,
  LINFORMER_OPERANDS,
  LINFORMER_OPTIONS,
  type LinformerInputs,
  type LinformerOptions,
} from '../systems/linformer/options.ts';
import type { Tensor } from '../tensor.ts';
import { callGraph, callInputs, type CallKind } from './call.ts';

/** Tensors and options of a call; see `LinformerInputs` for the shapes. Keys that are values, too, are the same object given twice. */
export interface LinformerCall extends LinformerInputs<Tensor>, LinformerOptions {}

/** The kind of call. */
export const linformerCalls: CallKind<LinformerCall, LinformerInputs<Value>> = {
  name: 'linformerAttention',
  ...LINFORMER_OPERANDS,
  options: LINFORMER_OPTIONS,
  sameAs: { v: 'k' },
  check: checkSeesAll,
  build: linformerAttention,
};

/**
 * The graph of one call: its inputs are named as in the call (a list E is E0, E1, …), its outputs `out` and, with `returnLse`, `lse`.
 * Errors: those of `linformerAttention`.
 */
export function linformerGraph(call: LinformerCall): Graph {
  return callGraph(linformerCalls, call);
}

/** The tensors of a call, as its graph is fed. */
export function linformerInputs(call: LinformerCall): Tensors {
  return callInputs(linformerCalls, call);
}
