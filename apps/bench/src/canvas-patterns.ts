/**
 * Patterns of pictures, videos and block diffusion as formulas, whose order the planner has to find: those of
 * attention-gym (https://github.com/meta-pytorch/attention-gym) at sizes of real models.
 */
import { where, type Pattern } from '@attn/core';

type Formula = Extract<Parameters<typeof where>[0], (...args: never) => unknown>;
type Integer = ReturnType<Parameters<Formula>[0]['q']['div']>;
type Truth = ReturnType<Formula>;

/** A formula at a length. */
export interface CanvasPattern {
  readonly name: string;
  readonly n: number;
  readonly pattern: Pattern;
}

/** The patterns, in the order of the table. */
export function canvasPatterns(): readonly CanvasPattern[] {
  const label = (i: Integer): Integer => i.mul(7919).mod(1009).div(63);
  return [
    ...[4096, 65_536, 1_048_576].map((n) => ({ name: 'block diffusion', n, pattern: blockDiffusion(n) })),
    { name: 'sliding tiles 30×48×80', n: 115_200, pattern: slidingTiles() },
    { name: 'NATTEN 13×13 of 128×128', n: 16_384, pattern: neighbourhood(rowMajor) },
    { name: "NATTEN 13×13 of 128×128, Morton's order", n: 16_384, pattern: neighbourhood(morton) },
    { name: 'Sparse VideoGen in time', n: 17_776, pattern: inTime() },
    {
      name: 'axial 64×64',
      n: 4096,
      pattern: where(({ q, k }) =>
        q
          .div(64)
          .eq(k.div(64))
          .or(q.mod(64).eq(k.mod(64))),
      ),
    },
    { name: 'eq(f(q), f(k))', n: 16_384, pattern: where(({ q, k }) => label(q).eq(label(k))) },
  ];
}

/** Noisy tokens, then the same as clean ones, in blocks of 16. */
function blockDiffusion(n: number): Pattern {
  return where(({ q, k }) => {
    const isClean = { q: q.ge(n / 2), k: k.ge(n / 2) };
    const block = { q: q.mod(n / 2).div(16), k: k.mod(n / 2).div(16) };
    return block.q
      .eq(block.k)
      .and(isClean.q.not(), isClean.k.not())
      .or(block.q.gt(block.k).and(isClean.q.not(), isClean.k), block.q.ge(block.k).and(isClean.q, isClean.k));
  });
}

/** Tiles of 6 × 8 × 8 that see the tiles within 18 × 24 × 24. */
function slidingTiles(): Pattern {
  const axes = [
    { count: 5, stride: 60 },
    { count: 6, stride: 10 },
    { count: 10, stride: 1 },
  ];
  return where(({ q, k }) =>
    all(
      axes.map(({ count, stride }) => {
        const place = (i: Integer): Integer => i.div(384).div(stride).mod(count);
        return near(place(q), place(k), 1, count);
      }),
    ),
  );
}

const rowMajor = (i: Integer): readonly Integer[] => [i.div(128), i.mod(128)];

const morton = (i: Integer): readonly Integer[] =>
  [1, 2].map((first) =>
    Array.from({ length: 7 }, (_, bit) =>
      i
        .div(first * 4 ** bit)
        .mod(2)
        .mul(2 ** bit),
    ).reduce((a, b) => a.add(b)),
  );

function neighbourhood(place: (i: Integer) => readonly Integer[]): Pattern {
  return where(({ q, k }) => {
    const [a, b] = [place(q), place(k)];
    return all(a.map((coordinate, axis) => near(coordinate, b[axis], 6, 128)));
  });
}

/** Attention to the same place in all frames of a video of 13 × 1,350 tokens, behind 226 tokens of text. */
function inTime(): Pattern {
  const place = (i: Integer): Integer => i.sub(226).mod(1350);
  return where(({ q, k }) => q.lt(226).or(k.lt(226), place(q).sub(place(k)).abs().lt(64)));
}

/** A window around a coordinate, moved inwards at the edges of the canvas. */
function near(q: Integer, k: Integer, reach: number, size: number): Truth {
  return q
    .max(reach)
    .min(size - 1 - reach)
    .sub(k)
    .abs()
    .le(reach);
}

function all(conditions: readonly Truth[]): Truth {
  return conditions.reduce((a, b) => a.and(b));
}
