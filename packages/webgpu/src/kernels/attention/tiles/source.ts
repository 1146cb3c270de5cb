/**
 * Sources of tiles. A source says which keys a workgroup of the attention kernel goes through: a plan, or the
 * chunks of LSH attention.
 */
import type { FloatElement, ParamTypes } from '../../wgsl.ts';

/** Parameters, buffers and code that a source adds to the kernel. */
export interface TileSource {
  readonly params: ParamTypes;
  /** The element type of k. */
  readonly keys: FloatElement;
  /** Buffers that stand between v and the results. */
  readonly buffers: Readonly<Record<string, string>>;
  /**
   * WGSL that declares these structs and functions. The kernel explains `Work`, and the bits of visible keys.
   * A `row` is a query of the workgroup, counted from 0; a `query` is a row of q.
   *
   *     // Which tiles a workgroup goes through, a member of Work.
   *     struct Tiles { … }
   *     // A tile. After the last one comes one that does not exist.
   *     struct Tile { exists: bool, … }
   *     fn workOf(group: vec3u) -> Work
   *     fn firstTile(work: Work) -> Tile
   *     fn nextTile(work: Work, tile: Tile) -> Tile
   *     // Called by all invocations, with a barrier between it and the first use of the tile.
   *     fn openTile(work: Work, tile: Tile, lane: u32)
   *     // The query of a row. Rows behind the last have the query of the last.
   *     fn queryAt(work: Work, row: u32) -> u32
   *     // The row of k and v that one of the tile's 64 keys has.
   *     fn keyAt(tile: Tile, key: u32) -> u32
   *     // Which of the keys 4x … 4x + 3 a row sees, as bits.
   *     fn visibleKeys(work: Work, tile: Tile, row: u32, query: u32, x: u32) -> u32
   *     // The logits of these keys, whose products are scaled already.
   *     fn finishLogits(scaled: vec4f, work: Work, tile: Tile, query: u32, x: u32, visible: u32) -> vec4f
   */
  readonly code: string;
}
