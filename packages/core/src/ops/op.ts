/**
 * What core knows of every op: how shapes follow from inputs, what the op means (a readable float64
 * reference), and how much work it is. Kernels live in the backends.
 */
import type { OptionKinds } from '../check/check-options.ts';
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

/** The attributes of an op that has none. */
export type NoAttributes = Readonly<Record<string, never>>;

/** What can be said of an op without its maths and its shapes. */
export interface OpSpec<A extends object> {
  /** Names of the required inputs in order. Variadic ops list none and check their inputs in `infer`. */
  readonly required: readonly string[];
  /** Names of the optional inputs. */
  readonly optional?: readonly string[];
  /** What the names of further inputs begin with, which the caller chooses. */
  readonly families?: readonly string[];
  /** Names of the attributes, and what each must be; what depends on shapes is left to `infer`. */
  readonly attributes: OptionKinds<A>;
  /**
   * What to write instead of an input that the op does not have: `write keyMask …`; undefined where nothing
   * fits.
   */
  hint?(name: string): string | undefined;
  /**
   * Floating-point operations (a multiply–add counts 2), as far as they follow from shapes and attributes.
   */
  flops(inputs: NamedSpecs, attributes: A): number;
  /** Text that is equal for equal attributes, for the graph key; default: their canonical JSON. */
  attributesKey?(attributes: A): string;
  /** Attributes with negative axes and −1 extents resolved; graphs hold these. Called after `infer`. */
  normalize?(inputs: NamedSpecs, attributes: A): A;
  /** True when output 0 is input 0 with another shape, so that no memory moves. */
  readonly isView?: boolean;
}

/** The definition of one op: what it takes, and the shapes that it gives. */
export interface OpDefinition<A extends object> extends OpSpec<A> {
  /**
   * Output specs. Throws `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`, `MISSING_INPUT` with one
   * sentence.
   */
  infer(inputs: NamedSpecs, attributes: A): readonly TensorSpec[];
}

/** The meaning of an op, in float64. Inputs have passed `infer`. */
export type OpReference<A> = (inputs: NamedReferences, attributes: A) => readonly ReferenceTensor[];
