/** Where graphs of encoders begin and end: inputs for ids and padding, and the states between layers. */
import type { GraphBuilder, Value } from '@attn/core';
import type { EncoderShape } from './shape.ts';

/** Adds the inputs `input_ids` [B, N], i32, and, with padding, `attention_mask` [B, N], bool. */
export function encoderInputs(
  builder: GraphBuilder,
  { batch, length, padding }: Pick<EncoderShape, 'batch' | 'length' | 'padding'>,
): { readonly ids: Value; readonly keyMask: Value | undefined } {
  const shape = [batch, length];
  const ids = builder.input('input_ids', { dtype: 'i32', shape });
  const keyMask = padding ? builder.input('attention_mask', { dtype: 'bool', shape }) : undefined;
  return { ids, keyMask };
}

/** The outputs `hidden_states.<i>`, where the shape asks for them; none otherwise. */
export function stateOutputs(
  states: readonly Value[],
  { hiddenStates }: Pick<EncoderShape, 'hiddenStates'>,
): Readonly<Record<string, Value>> {
  if (!hiddenStates) return {};
  return Object.fromEntries(states.map((state, i) => [`hidden_states.${i}`, state]));
}
