/** The largest divisor of `count` that is at most `most`, and at least 1. */
export function largestDivisor(count: number, most: number): number {
  for (let divisor = Math.min(count, Math.max(1, most)); divisor > 1; divisor--) {
    if (count % divisor === 0) return divisor;
  }
  return 1;
}
