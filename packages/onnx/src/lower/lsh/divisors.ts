/** The largest divisor of a count that is at most so much; 1 divides all. */
export function largestDivisor(count: number, most: number): number {
  for (let divisor = Math.min(count, Math.max(1, most)); divisor > 1; divisor--) {
    if (count % divisor === 0) return divisor;
  }
  return 1;
}
