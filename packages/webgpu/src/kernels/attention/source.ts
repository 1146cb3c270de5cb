/** Where a kernel of attention has its rows and tiles from, which is all that kernels for plans and for chunks differ in. */
import type { FloatElement, ParamTypes } from '../wgsl.ts';

/** Parts of a kernel. Text that is named for a place is put there. */
export interface TileSource {
  readonly params: ParamTypes;
  /** What keys are stored as. */
  readonly keys: FloatElement;
  /** Buffers between v and the results. */
  readonly buffers: Readonly<Record<string, string>>;
  /** Declares `queryRow` and `keyRow`, which say where a query and a key of the present tile stand, and what the other parts take. */
  readonly functions: string;
  /**
   * Declares where the workgroup's queries, operands and results begin: `firstQuery`, `qBase`, `kBase`,
   * `vBase`, `outBase`, `stateBase`.
   */
  readonly bases: string;
  /** Runs `body` for each `tile` of the workgroup. */
  tiles(body: string): string;
  /** Declares `bits`: which of vector `tx` of the tile's keys row `i` of the invocation sees. */
  seen(i: number): string;
  /** Makes logits of the vector `row`, which are the scaled products of row `i` and the four keys. */
  logits(i: number): string;
}
