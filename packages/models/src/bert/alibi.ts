/**
 * The slopes of ALiBi: a geometric row that ends at 1/256, and for other numbers of heads than powers of two
 * every second one of a finer row besides. Press et al. 2022, https://arxiv.org/abs/2108.12409
 */

/** The slope of each head. */
export function slopesOf(heads: number): readonly number[] {
  const power = 2 ** Math.floor(Math.log2(heads));
  const rest = rowOf(2 * power).filter((_, i) => i % 2 === 0);
  return [...rowOf(power), ...rest.slice(0, heads - power)];
}

/** 2^(−8/n), 2^(−16/n), …, 2^(−8): n of them, a power of two. */
function rowOf(n: number): readonly number[] {
  return Array.from({ length: n }, (_, i) => 2 ** ((-8 * (i + 1)) / n));
}
