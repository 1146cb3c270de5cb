/**
 * What the values of a model are. The types stand apart from the builder, whose own types need those of
 * onnx-proto: they are part of the package's public types, which must not need them.
 */
import type { FileSpan } from '@attn/core/backend';
import type { ElementType } from './dtypes.ts';

/** The name of a value in the model. */
export type Name = string;

/** An extent, or the name of an extent that is only known when the model runs. */
export type Dim = number | string;

/** The dtype and shape of a value. */
export interface ValueType {
  readonly dtype: ElementType;
  /** Undefined where the model leaves even the number of axes open. */
  readonly shape: readonly Dim[] | undefined;
}

/** A constant of the model, such as a weight or a table. */
export interface Initializer extends ValueType {
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** Returns the bytes as a file holds them. Those of a lazy tensor are read at each call. */
  readonly bytes: () => Uint8Array;
  /** The part of a file that holds these bytes, if there is one. */
  readonly file?: FileSpan;
  /** Whether the bytes are read at each call, rather than in memory already. */
  readonly isLazy: boolean;
}
