/** From logits to scores. */

/** softmax, in float64. */
export function softmax(logits: ArrayLike<number>): Float64Array<ArrayBuffer> {
  const row = Float64Array.from(logits);
  const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i] = Math.exp(row[i] - most);
  for (let i = 0; i < row.length; i++) row[i] /= sum;
  return row;
}

/** The logistic function of each logit, in float64. */
export function sigmoid(logits: ArrayLike<number>): Float64Array<ArrayBuffer> {
  return Float64Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit)));
}

/** The places of the `count` largest scores, the largest first; of equal ones the earlier first. */
export function largest(scores: ArrayLike<number>, count: number): readonly number[] {
  if (count > 64) {
    return Array.from(scores, (_, i) => i)
      .toSorted((a, b) => scores[b] - scores[a])
      .slice(0, count);
  }
  // A few of a large vocabulary: what is below the last of them is passed by.
  const best: number[] = [];
  for (let i = 0; i < scores.length; i++) {
    let place = best.length;
    while (place > 0 && scores[best[place - 1]] < scores[i]) place--;
    if (place >= count) continue;
    best.splice(place, 0, i);
    if (best.length > count) best.pop();
  }
  return best;
}
