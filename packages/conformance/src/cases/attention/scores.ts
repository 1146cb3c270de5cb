/** Scores that the cases try, by name, with the tables that they read. */
import { score, type Score, type Json, type ScoreFunction, type ScoreValue } from '@attn/core';
import type { DataRecipe } from '../../data.ts';

/** The sizes of a case that shapes of tables depend on. */
interface Sizes {
  readonly batch: number;
  readonly heads: number;
  readonly n: number;
}

/** A table: its shape, and floats by a recipe or integers from 0 up to a bound. */
export interface TableRecipe {
  readonly shape: readonly number[];
  readonly data?: DataRecipe;
  readonly below?: number;
}

/** A score and its tables. */
export interface NamedScore {
  readonly score: Score;
  tables(sizes: Sizes): Readonly<Record<string, TableRecipe>>;
}

function named(build: ScoreFunction, tables: NamedScore['tables'] = () => ({})): NamedScore {
  return { score: score(build), tables };
}

/** Columns of the grid in which scores of two dimensions see positions. */
const WIDTH = 7;

export const SCORES: Readonly<Record<string, NamedScore>> = {
  same: named((s) => s),
  /** No score at all: the table alone decides. */
  tableOnly: named(
    (_s, { q, k, table }) => table('t').at(q, k),
    ({ n }) => ({ t: { shape: [n, n] } }),
  ),
  alibi: named(
    (s, { h, q, k, table }) => s.sub(table('slopes').at(h).mul(q.sub(k).abs())),
    ({ heads }) => ({ slopes: { shape: [heads], data: 'near1*0.25' } }),
  ),
  alibiBySlope: named((s, { h, q, k }) => s.add(h.add(1).mul(-2.5).exp().mul(k.sub(q)))),
  /** Buckets of distances, and a bias for each bucket and head. */
  t5: named(
    (s, { h, q, k, table, integers }) => s.add(table('bias').at(integers('buckets').at(k.sub(q).add(20)), h)),
    ({ heads }) => ({ buckets: { shape: [41], below: 8 }, bias: { shape: [8, heads] } }),
  ),
  /** A table of relative positions, as `relativeBias` has it. */
  relative: named(
    (s, { h, q, k, table }) => s.add(table('t').at(h, k.sub(q).add(5))),
    ({ heads }) => ({ t: { shape: [heads, 11] } }),
  ),
  swin: named(
    (s, { h, q, k, table }) =>
      s.add(
        table('bias').at(
          q.div(WIDTH).sub(k.div(WIDTH)).add(10),
          q
            .mod(WIDTH)
            .sub(k.mod(WIDTH))
            .add(WIDTH - 1),
          h,
        ),
      ),
    ({ heads }) => ({ bias: { shape: [21, 2 * WIDTH - 1, heads] } }),
  ),
  bias2d: named(
    (s, { q, k, table }) => s.add(table('t').at(q, k)),
    ({ n }) => ({ t: { shape: [n, n] } }),
  ),
  bias4d: named(
    (s, { b, h, q, k, table }) => s.add(table('t').at(b, h, q, k)),
    ({ batch, heads, n }) => ({ t: { shape: [batch, heads, n, n] } }),
  ),
  keyBias: named(
    (s, { b, k, table }) => s.add(table('t').at(b, k)),
    ({ batch, n }) => ({ t: { shape: [batch, n] } }),
  ),
  scalar: named(
    (s, { table }) => s.mul(table('t').at()),
    () => ({ t: { shape: [] } }),
  ),
  softcap: named((s) => s.mul(3).softcap(2)),
  softcapOfTable: named(
    (s, { h, table }) => s.softcap(table('caps').at(h)),
    ({ heads }) => ({ caps: { shape: [heads], data: 'near1*2' } }),
  ),
  temperature: named((s, { q }) => s.mul(q.abs().add(1).float().log().mul(0.125).add(1))),
  squared: named((s, { q, k }) => s.sub(q.sub(k).mul(q.sub(k)).float().div(64))),
  /** A key of zeros as a learned sink. */
  sinkKey: named(
    (s, { h, k, table, select }) => select(k.eq(0), table('sink').at(h), s),
    ({ heads }) => ({ sink: { shape: [heads] } }),
  ),
  causal: named((s, { q, k, select }) => select(q.ge(k), s, -Infinity)),
  noRow: named((s, { q, select }) => select(q.mod(3).eq(1), -Infinity, s)),
  nothing: named((_s, { select, q }) => select(q.eq(q), -Infinity, 1)),
  documents: named(
    (s, { b, q, k, integers, select }) => {
      const document = integers('ids');
      return select(document.at(b, q).eq(document.at(b, k)), s, -Infinity);
    },
    ({ batch, n }) => ({ ids: { shape: [batch, n], below: 3 } }),
  ),
  checkers: named((s, { q, k, select }) =>
    select(q.add(k).mod(2).eq(0).and(q.ne(k)).or(k.lt(3)), s.mul(0.5), s.add(1)),
  ),
  /** Decides by the score itself, which is exact in these cases. */
  positive: named((s, { select }) => select(s.gt(0).not(), s.mul(0.25), s)),
  clamped: named((s, { q, k }) => s.clamp(-0.75, 0.5).max(k.sub(q).min(4).max(-4).mul(0.01))),
  every: named(
    (s, { b, h, q, k, table }) => {
      const t = table('t').at(q.sub(k).mod(9), h.add(b).neg().abs());
      return s.abs().add(1).log().add(t.tanh()).sub(t.exp().mul(0.125)).div(t.abs().add(1)).neg();
    },
    ({ heads, batch }) => ({ t: { shape: [9, heads + batch] } }),
  ),
  /** PyTorch's test of sines, cosines and tangents. */
  trig: named((s, { b }) => s.cos().sin().add(b.sin().div(b.cos()))),
  waves: named(
    (s, { h, q, k, table }) => s.add(q.sub(k).mul(table('frequencies').at(h)).sin()).mul(s.sin().add(2)),
    ({ heads }) => ({ frequencies: { shape: [heads], data: 'near1*0.5' } }),
  ),
  /** Angles of a million turns, which float32 has exactly. */
  farWaves: named((s, { q, k, number }) => {
    const far = (x: ScoreValue): ScoreValue => x.float().mul(2 ** 20);
    return s
      .add(far(q.sub(k)).sin())
      .add(
        far(q.add(1))
          .cos()
          .mul(far(k.add(1)).sin()),
      )
      .add(number(-0.5).cos());
  }),
  /** Integers wrap around; indices go beyond both ends. */
  wrapping: named(
    (s, { q, k, table }) => s.add(table('t').at(q.mul(k).mul(123_456_789).div(100_000_000).add(3))),
    () => ({ t: { shape: [7] } }),
  ),
  exactly: named((s, { q, k }) => s.add(q.sub(k).mul(2))),
};

/** Extents of the tables of trees; places beyond them are moved to their ends. */
const EXTENTS = [5, 3, 4, 2];

/** A score by its name, or by its tree as JSON. All tables of a tree have the same extents. */
export function scoreOf(text: string): NamedScore {
  if (Object.hasOwn(SCORES, text)) return SCORES[text];
  const own = score(JSON.parse(text) as Json);
  const tables = Object.entries(own.tables).map(([name, { rank, isInteger }]) => {
    const shape = EXTENTS.slice(0, rank);
    return [name, isInteger ? { shape, below: 9 } : { shape }] as const;
  });
  return { score: own, tables: () => Object.fromEntries(tables) };
}
