/** What a kind of call consists of; `defineCall` makes a function of it. */
import type { OptionKinds } from '../check/check-options.ts';
import type { GraphBuilder, Value } from '../graph/builder.ts';

/**
 * Defines a kind of call. `C` is what users write, tensors and options in one object; `V` has its tensors
 * as values of a graph.
 */
export interface CallDefinition<C extends object, V extends object> {
  /** The function that users call, for errors. */
  readonly name: string;
  /** Names of tensors. */
  readonly required: readonly (string & keyof V)[];
  readonly optional: readonly (string & keyof V)[];
  /** Tensors that may be lists of tensors. */
  readonly lists?: readonly (string & keyof V)[];
  /**
   * Tensors that are records of tensors, by names of the caller's, and what the names of inputs begin with.
   */
  readonly records?: Readonly<Partial<Record<string & keyof V, string>>>;
  /** Everything else, and what it must be. */
  readonly options: OptionKinds<Omit<C, keyof V>>;
  /** Inputs that are often the same object as another input, which is then fed once. */
  readonly sameAs?: Readonly<Record<string, string>>;
  /** Brings what users may write in several ways into one. It gets a copy, of which nothing is checked. */
  normalize?(call: C): C;
  /** Refuses what deserves a better reason than that it is unknown. */
  check?(call: C): void;
  /** Says with `ATTN_DEBUG` what would be better. Names and options of the call have been checked. */
  remark?(call: C): void;
  /** The outputs by name, from the values of the tensors and the options. Undefined outputs are left out. */
  build(
    builder: GraphBuilder,
    values: V,
    options: Omit<C, keyof V>,
  ): Readonly<Record<string, Value | undefined>>;
}
