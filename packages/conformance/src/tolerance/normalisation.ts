/** Error bounds of `softmax`, `layerNorm` and `rmsNorm`, whose outputs depend on a whole row. */
import { expError, gamma, UNIT } from './rounding.ts';
import type { ErrorRule } from './rule.ts';

/**
 * p = e^{x − m} / Σ e^{x − m}. When each exponential is off by a factor within e^{±δᵢ},
 *
 *     |p̃ᵢ / pᵢ − 1| ≤ e^{δᵢ} / Σⱼ pⱼ e^{−δⱼ} − 1,
 *
 * to first order |Δp| ≤ p · (δᵢ + Σ p δ) ≤ 2 p · max δ. The sum and the division add γ of the row's length.
 */
export const softmaxError: ErrorRule<'softmax'> = ({ x }, { axis }, [out]) => {
  const extent = x.shape[axis];
  const inner = x.shape.slice(axis + 1).reduce((size, n) => size * n, 1);
  const error = new Float64Array(x.data.length);
  for (let first = 0; first < x.data.length; first++) {
    if (Math.floor(first / inner) % extent !== 0) continue; // `first` is the first element of each slice along the axis
    const at = Array.from({ length: extent }, (_, i) => first + i * inner);
    const max = at.reduce((most, i) => Math.max(most, x.data[i]), -Infinity);
    const delta = at.map((i) => (out.data[i] > 0 ? expError(x.data[i] - max) : 0));
    const least = at.reduce((sum, i, k) => sum + out.data[i] * Math.exp(-delta[k]), 0);
    at.forEach((i, k) => {
      if (out.data[i] > 0) error[i] = out.data[i] * (Math.exp(delta[k]) / least - 1 + gamma(extent + 2));
    });
  }
  return [error];
};

/**
 * y = c / √(var + ε) · w + b with c = x − mean. With η the error of c (a mean of n terms and its
 * subtraction), the variance is off by the relative error ρ = γₙ + (2·mean(|c|η) + mean(η²)) / (var + ε) when
 * it is summed from the centred values, as it must be, and its inverse root by no more.
 */
export const layerNormError: ErrorRule<'layerNorm'> = ({ x, weight }, { eps }, [out]) => {
  const n = x.shape[x.shape.length - 1];
  const error = new Float64Array(x.data.length);
  for (let start = 0; start < x.data.length; start += n) {
    const row = Array.from(x.data.subarray(start, start + n));
    const mean = average(row);
    const centred = row.map((value) => value - mean);
    const eta = centred.map((c) => gamma(n + 1) * average(row.map(Math.abs)) + UNIT * Math.abs(c));
    const spread = average(centred.map((c) => c * c)) + eps;
    const moved = average(centred.map((c, i) => 2 * Math.abs(c) * eta[i] + eta[i] ** 2));
    const rho = gamma(n + 4) + (moved === 0 ? 0 : moved / spread);
    for (let i = 0; i < n; i++) {
      const w = Math.abs(weight?.data[i] ?? 1);
      const normal = Math.abs(centred[i]) / Math.sqrt(spread);
      const normalError = (eta[i] === 0 ? 0 : (eta[i] * (1 + rho)) / Math.sqrt(spread)) + normal * rho;
      error[start + i] = w * normalError + 4 * UNIT * (Math.abs(out.data[start + i]) + w * normal);
    }
  }
  return [error];
};

/**
 * y = x / √(mean x² + ε) · (w + o). All squares are positive, so the relative error of their sum is at most
 * γ of n + 2 terms, and that of its root is half of it. Root and division round as well. w + o may be a small
 * difference of large numbers, so its error is absolute.
 */
export const rmsNormError: ErrorRule<'rmsNorm'> = ({ x, weight }, { eps, weightOffset }, [out]) => {
  const n = x.shape[x.shape.length - 1];
  const error = new Float64Array(x.data.length);
  for (let start = 0; start < x.data.length; start += n) {
    const root = Math.sqrt(
      average(Array.from(x.data.subarray(start, start + n), (value) => value ** 2)) + eps,
    );
    for (let i = 0; i < n; i++) {
      const scaleError =
        weight === undefined ? 0 : UNIT * (Math.abs(weight.data[i]) + Math.abs(weightOffset));
      const normal = root === 0 ? 0 : Math.abs(x.data[start + i]) / root;
      error[start + i] = (gamma(n + 4) / 2 + 4 * UNIT) * Math.abs(out.data[start + i]) + normal * scaleError;
    }
  }
  return [error];
};

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
