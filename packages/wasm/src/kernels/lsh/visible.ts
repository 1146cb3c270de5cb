/**
 * Visibility in a tile of LSH attention. Where it depends on the data, chunks, tokens and buckets decide it
 * pair by pair, for four pairs at a time.
 */
import {
  f32x4,
  f32,
  i32,
  i32x4,
  v128,
  type FunctionBuilder,
  type FunctionHandle,
  type Local,
  type ModuleBuilder,
  type V128,
} from '../../assembler/index.ts';
import type { Simd } from '../arithmetic.ts';
import { SCORE_STEP, SCORE_STRIDE } from '../attention/softmax.ts';
import { tileRows } from '../register-tile.ts';
import type { SlotLayout } from './layout.ts';

/** The options that hide keys; chunks and the mask hide keys in any case, and a query does not see itself. */
export interface Visibility {
  readonly causal: boolean;
  readonly withinBuckets: boolean;
}

const HIDE = {
  /** [64 × 64]: logits. */
  scores: 'i32',
  rows: 'i32',
  /** A multiple of `SCORE_STEP`. */
  columns: 'i32',
  /** [64] i32 each: the rows' tokens, the first chunk that each sees, their buckets. */
  tokens: 'i32',
  firstChunk: 'i32',
  bucket: 'i32',
  slot: 'i32',
  /** Number of chunks that a row sees behind its first one. */
  span: 'i32',
} as const;

/** Defines the function that sets logits to −∞ where the key is not visible. */
export function defineHide(
  module: ModuleBuilder,
  layout: SlotLayout,
  { causal, withinBuckets }: Visibility,
): FunctionHandle<typeof HIDE> {
  return module.define('hide', HIDE, (f, p) => {
    const hidden = f.let('hidden', f32x4.all(-Infinity));
    const span = f.let('spans', i32x4.splat(p.span));
    const splat = (name: string, address: Local<'i32'>): ((row4: Local<'i32'>) => Local<'v128'>) => {
      const vector = f.local(name, 'v128');
      return (row4) => {
        f.set(vector, v128.load32Splat(i32.add(address, row4)));
        return vector;
      };
    };
    const [tokenOf, chunkOf, bucketOf] = [
      splat('token', p.tokens),
      splat('first_chunk', p.firstChunk),
      splat('bucket', p.bucket),
    ];
    const at = f.let('at', p.scores);
    f.count('row4', i32.shl(p.rows, 2), 4, (row4) => {
      const [token, chunk] = [tokenOf(row4), chunkOf(row4)];
      const bucket = withinBuckets ? bucketOf(row4) : undefined;
      f.count('byte', i32.shl(p.columns, 2), 4 * SCORE_STEP, (byte) => {
        const keys = f.let('keys', i32.add(p.slot, byte));
        const to = f.let('to', i32.add(at, byte));
        for (let offset = 0; offset < 4 * SCORE_STEP; offset += 16) {
          const load = (part: number): V128 => v128.load(keys, part + offset);
          const inChunks = i32x4.leU(i32x4.sub(load(layout.chunks), chunk), span);
          const other = causal ? i32x4.ltS(load(layout.tokens), token) : i32x4.ne(load(layout.tokens), token);
          let visible = v128.and(inChunks, other);
          if (bucket) visible = v128.and(visible, i32x4.eq(load(layout.buckets), bucket));
          f.do(v128.store(to, v128.bitselect(v128.load(to, offset), hidden, visible), offset));
        }
      });
      f.advance(at, SCORE_STRIDE);
    });
  });
}

/**
 * Emits the hiding of the diagonal, in a tile whose keys are the row block's own tokens: none sees itself.
 */
export function hideSelf(f: FunctionBuilder, scores: Local<'i32'>, rows: Local<'i32'>): void {
  const at = f.let('diagonal', scores);
  f.count('row', rows, 1, () => {
    f.do(f32.store(at, -Infinity));
    f.advance(at, SCORE_STRIDE + 4);
  });
}

const RANGES = {
  rows: 'i32',
  /**
   * [64] i32 each: places of the first key that a row sees, and of the key behind the last one; both ascend.
   */
  from: 'i32',
  to: 'i32',
  /** Place of the tile's first key, and number of its keys. */
  start: 'i32',
  present: 'i32',
  /** [64 × 2] i32, written at the first row of each group: columns from … to (exclusive). */
  ranges: 'i32',
} as const;

/** Defines the function that finds which columns each group of rows sees. */
export function definePlaceRanges(module: ModuleBuilder, simd: Simd): FunctionHandle<typeof RANGES> {
  return module.define('ranges', RANGES, (f, p) => {
    const [remaining, row] = [f.let('remaining', p.rows), f.let('row', 0)];
    const [first, end] = [f.local('first', 'i32'), f.local('end', 'i32')];
    for (const count of tileRows(simd)) {
      f.if(i32.geU(remaining, count), () =>
        f.repeat(
          () => {
            f.set(first, i32.sub(i32.load(i32.add(p.from, row)), p.start));
            f.set(end, i32.sub(i32.load(i32.add(p.to, row), 4 * (count - 1)), p.start));
            f.set(first, i32.select(i32.ltS(first, 0), 0, first));
            f.set(end, i32.select(i32.gtS(end, p.present), p.present, end));
            f.if(i32.gtS(first, end), () => f.set(end, first));
            const to = f.let('to', i32.add(p.ranges, i32.shl(row, 1)));
            f.do(i32.store(to, first), i32.store(to, end, 4));
            f.advance(row, 4 * count);
            f.set(remaining, i32.sub(remaining, count));
          },
          () => i32.geU(remaining, count),
        ),
      );
    }
  });
}
