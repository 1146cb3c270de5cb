/** State of graphs: tensors that live on a backend between runs, such as the caches of a decoder. */
import '../util/disposable.ts';
import type { Tensor, TensorSpec } from '../tensor.ts';
import type { WithAsyncDispose } from '../util/disposable.ts';

/**
 * Tensors by name that live on one backend. They begin as zeros. Runs of graphs that have a state
 * (`GraphBuilder.state`) read them and write into them in place; several graphs can share one state, as those
 * of a prompt and of a step do.
 *
 * Runs and methods take turns, in the order of their calls. A run that fails or is aborted leaves the state
 * usable: each row that the run writes has its old or its new content, everything else is as before. So the
 * same run can be called again. Methods that fail change nothing.
 *
 * Errors of all methods: `INVALID_ARGUMENT` for a name that the state does not have; `DISPOSED` after
 * `dispose`, and after the end of its backend; `DEVICE_LOST`, `WORKER_DIED` when its memory is lost, with
 * which the state is over.
 *
 * @example
 * await using state = await attn.createState(step);
 * for (let position = 0; position < 10; position++) {
 *   const { logits } = await attn.run(step, { token, position: i32([1], [position]) }, { state });
 * }
 */
export interface State extends WithAsyncDispose {
  /** The dtypes and shapes of the tensors, by name, as they are now. */
  readonly specs: Readonly<Record<string, TensorSpec>>;
  /** A copy of a tensor. */
  read(name: string): Promise<Tensor>;
  /**
   * Replaces the content of a tensor; the new one must not change until the promise settles. Errors:
   * `INVALID_DTYPE`, `INVALID_SHAPE` for another spec.
   */
  write(name: string, tensor: Tensor): Promise<void>;
  /**
   * Reorders tensors along axis 0, for beams: row i becomes what row `rows[i]` was. A tensor then has
   * `rows.length` rows, which may be more or fewer than before. Errors: `INVALID_ARGUMENT` for an index that
   * is no row.
   *
   * @param names which tensors; default: all
   */
  reorder(rows: ArrayLike<number>, names?: readonly string[]): Promise<void>;
  /** A state of its own with the same content, on the same backend. */
  fork(): Promise<State>;
  /**
   * Gives a tensor a larger shape of the same rank, for a cache whose capacity doubles. The content stays
   * where it is along each axis; the rest is 0. Graphs of the new shape go on with it. Errors:
   * `INVALID_SHAPE` for a shape that is not larger, or is of another rank.
   */
  resize(name: string, shape: readonly number[]): Promise<void>;
}

/**
 * The memory of one state: what a backend gives to `States`, which checks arguments, counts specs, and calls
 * one method at a time. `Self` is the backend's own class. A method that fails must leave the memory as it
 * was.
 */
export interface StateMemory<Self> {
  /** A copy of a tensor. */
  read(name: string): Promise<Tensor>;
  /** Replaces a tensor's content by that of a row-major tensor of the same spec. */
  write(name: string, tensor: Tensor): Promise<void>;
  /** Reorders these tensors along axis 0; all rows exist. Either all tensors change, or none does. */
  reorder(rows: Int32Array, names: readonly string[]): Promise<void>;
  /** Memory with the same content. */
  fork(): Promise<Self>;
  /** Makes a tensor larger: no extent becomes smaller, and the rest is 0. */
  resize(name: string, shape: readonly number[]): Promise<void>;
  /** Releases the memory. Called once. */
  dispose(): void;
}
