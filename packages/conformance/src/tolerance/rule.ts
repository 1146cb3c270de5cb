/** The tolerance of an op is a function of the very numbers of its inputs. */
import type { OpAttributes, OpName } from '@attn/core/backend';
import type { NamedReferences, ReferenceTensor } from '@attn/core/reference';

/**
 * How far off each output element of an op may be when it is computed in float32 from these inputs, before it
 * is stored. `outputs` are the exact values. Elements that are NaN or infinite must be equal, whatever the
 * rule says.
 */
export type ErrorRule<K extends OpName> = (
  inputs: NamedReferences,
  attributes: OpAttributes[K],
  outputs: readonly ReferenceTensor[],
) => readonly Float64Array[];
