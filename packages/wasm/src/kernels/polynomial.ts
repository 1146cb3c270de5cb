/**
 * Polynomials that stand in for functions: interpolation at Chebyshev nodes, which comes within a small
 * factor of the best polynomial of its degree. They are computed when a kernel is emitted, in float64, so
 * that nobody has to trust a table of constants. Trefethen, Approximation Theory and Approximation Practice,
 * chapters 2–4.
 */

/**
 * Coefficients c of c[0] + c[1]·x + … ≈ f(x) on [low, high]. The error depends on the degree; keep |x| ≲ 1.
 */
export function fit(f: (x: number) => number, low: number, high: number, degree: number): number[] {
  const middle = (low + high) / 2;
  const half = (high - low) / 2;
  const count = degree + 1;
  const nodes = Array.from(
    { length: count },
    (_, i) => middle + half * Math.cos((Math.PI * (i + 0.5)) / count),
  );

  // Newton's divided differences, then Horner's scheme on coefficients.
  const differences = nodes.map(f);
  for (let order = 1; order < count; order++) {
    for (let i = degree; i >= order; i--) {
      differences[i] = (differences[i] - differences[i - 1]) / (nodes[i] - nodes[i - order]);
    }
  }
  let coefficients = [differences[degree]];
  for (let i = degree - 1; i >= 0; i--) {
    const shifted = [0, ...coefficients];
    coefficients = shifted.map((c, power) => c - nodes[i] * (coefficients[power] ?? 0));
    coefficients[0] += differences[i];
  }
  return coefficients;
}
