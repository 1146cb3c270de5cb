/**
 * Approximates functions by polynomials: interpolation at Chebyshev nodes, whose error is within a small
 * factor of the best polynomial's. Coefficients are computed in float64 when a kernel is emitted, so
 * that there is no table of constants to trust. Trefethen, Approximation Theory and Approximation
 * Practice, chapters 2–4.
 */

/** The coefficients c of c[0] + c[1]·x + … ≈ f(x) on [low, high]. Keep |x| ≲ 1, for accuracy. */
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
