/** For tests: runs attention calls on the backend and compares them with core's float64 reference. */
import { attention, full, score, type AttentionCall, type Tensors } from '@attn/core';
import { type RunOptions } from '@attn/core/backend';
import { attentionReference, toReference, type NamedReferences } from '@attn/core/reference';
import { cpu } from '../index.ts';
import { expectClose } from '../tensors.testing.ts';

/** Runs a call on the backend, its outputs poisoned beforehand. */
export async function runAttention(call: AttentionCall, options: RunOptions = {}): Promise<Tensors> {
  const executable = await cpu({ poison: true }).compile(attention(call).graph);
  return executable.run(attention(call).inputs, options);
}

/**
 * Runs a call with lse and compares every number with the reference: NaN with NaN, −∞ with −∞, others within
 * `tolerance`.
 */
export async function checkAttention(problem: AttentionCall, tolerance = 1e-6): Promise<Tensors> {
  const call: AttentionCall = { pattern: full(), returnLse: true, ...problem };
  const outputs = await runAttention(call);
  const references: Record<string, NamedReferences[string]> = {};
  for (const [name, tensor] of Object.entries(attention(call).inputs)) references[name] = toReference(tensor);
  const { score: expression, ...attributes } = { pattern: full(), ...call };
  const own = typeof expression === 'function' ? score(expression) : expression;
  const [out, lse] = attentionReference(references, { ...attributes, score: own });
  expectClose(outputs.out, out.data, tolerance);
  expectClose(outputs.lse, lse.data, 1e-6);
  return outputs;
}
