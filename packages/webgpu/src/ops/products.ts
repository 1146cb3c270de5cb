/** Products of matrices as dispatches: tiles of the result, in grids that devices allow. */
import type { ProgramContext } from '../graph/context.ts';
import type { Dispatch } from '../graph/dispatch.ts';
import type { KernelSource } from '../device/pipeline-cache.ts';
import { GEMM_TILE, gemmKernel, type GemmOptions } from '../kernels/gemm.ts';
import { LARGE_TILE, largeGemmKernel } from '../kernels/gemm-large.ts';
import { gridParts } from '../kernels/wgsl.ts';
import { BUSY_GROUPS } from './busy.ts';

/** Side of a tile of the result. */
export type Tile = typeof GEMM_TILE | typeof LARGE_TILE;

/** `batches` products, each of which is [m, n]. */
export interface Products {
  readonly m: number;
  readonly n: number;
  readonly batches: number;
  readonly bindings: Dispatch['bindings'];
  kernel(tile: Tile): KernelSource;
  /** Packs the parameters of a dispatch, which begins at these products and tiles. */
  params(
    firsts: Readonly<Record<'first' | 'firstTileRow' | 'firstTileColumn', number>>,
  ): Uint32Array<ArrayBuffer>;
}

/** The kernel of a product of floats for tiles of a size. */
export function gemmOf(tile: Tile, options: GemmOptions): KernelSource {
  return tile === LARGE_TILE ? largeGemmKernel(options) : gemmKernel(options);
}

/** The dispatches of products. */
export function productDispatches(context: ProgramContext, products: Products): Dispatch[] {
  const { m, n, batches, bindings, params } = products;
  if (m * n * batches === 0) return [];
  const tile = tileFor(context, m, n, batches);
  const kernel = products.kernel(tile);
  const parts = (count: number) => gridParts(count, context.limits.mostGroups);
  const [columns, rows] = [n, m].map((extent) => parts(Math.ceil(extent / tile)));
  return parts(batches).flatMap(({ first, count }) =>
    rows.flatMap((row) =>
      columns.map((column): Dispatch => ({
        kernel,
        params: params({ first, firstTileRow: row.first, firstTileColumn: column.first }),
        bindings,
        grid: [column.count, row.count, count],
      })),
    ),
  );
}

/** Large tiles where there are enough of them to keep a GPU busy. */
function tileFor({ limits }: ProgramContext, m: number, n: number, batches: number): Tile {
  const { gemmTile, isSoftware } = limits;
  if (gemmTile !== undefined) return gemmTile;
  const large = Math.ceil(m / LARGE_TILE) * Math.ceil(n / LARGE_TILE) * batches;
  return !isSoftware && large >= BUSY_GROUPS ? LARGE_TILE : GEMM_TILE;
}
