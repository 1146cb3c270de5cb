/**
 * What core knows of every op: how shapes follow from inputs, what the op means (a readable float64 reference), and
 * how much work it is. Kernels live in the backends.
 */
import type { TensorSpec } from '../tensor.ts';

/** Named inputs; optional ones may be absent. */
export type NamedSpecs = Readonly<Record<string, TensorSpec>>;

/** A tensor of the reference: every dtype is widened to float64 (integers are exact). Row-major. */
export interface ReferenceTensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Named reference inputs; optional ones may be absent. */
export type NamedReferences = Readonly<Record<string, ReferenceTensor>>;

/** The definition of one op. */
export interface OpDefinition<A> {
  /** Names of required inputs in order, then of optional ones. Variadic ops list none and check in `infer`. */
  readonly required: readonly string[];
  readonly optional?: readonly string[];
  /** Output specs. Throws `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT` with one sentence. */
  infer(inputs: NamedSpecs, attributes: A): readonly TensorSpec[];
  /** The meaning, in float64. Inputs have passed `infer`. */
  reference(inputs: NamedReferences, attributes: A): readonly ReferenceTensor[];
  /** Floating-point operations (a multiply–add counts 2), as far as they follow from shapes and attributes. */
  flops(inputs: NamedSpecs, attributes: A): number;
  /** JSON-able form of the attributes for the graph key; default: the attributes themselves. */
  attributesKey?(attributes: A): string;
  /** True when output 0 is input 0 with another shape, so that no memory moves. */
  readonly isView?: boolean;
}
