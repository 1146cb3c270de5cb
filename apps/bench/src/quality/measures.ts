/** How near the vectors of a quantised model are to those of the model itself. */

/** Texts by what they are compared in: vectors, the order of pairs, the passages nearest to questions. */
export interface Material<T> {
  readonly texts: readonly T[];
  readonly pairs: readonly (readonly [T, T])[];
  readonly questions: readonly T[];
  readonly passages: readonly T[];
}

/** What is measured, each against the model in f32. */
export interface Measures {
  /** The smallest and the mean cosine of a text's two vectors. */
  readonly cosMin: number;
  readonly cosMean: number;
  /** Spearman's correlation of the cosines of the pairs. */
  readonly spearman: number;
  /** The share of the ten nearest passages that are the same, and of questions with the same nearest one. */
  readonly topTen: number;
  readonly sameFirst: number;
}

/** A vector. */
export type Vector = ArrayLike<number>;

const TOP = 10;

/** Compares vectors with those of the model in f32. */
export function compare(vectors: Material<Vector>, exact: Material<Vector>): Measures {
  const cosines = vectors.texts.map((vector, i) => cosine(vector, exact.texts[i]));
  const [own, theirs] = [vectors, exact].map(({ pairs }) => pairs.map(([a, b]) => cosine(a, b)));
  const [tops, exactTops] = [vectors, exact].map(({ questions, passages }) =>
    questions.map((question) => nearest(question, passages)),
  );
  const shared = tops.map((top, q) => top.filter((i) => exactTops[q].includes(i)).length / top.length);
  return {
    cosMin: Math.min(...cosines),
    cosMean: mean(cosines),
    spearman: spearman(own, theirs),
    topTen: mean(shared),
    sameFirst: mean(tops.map((top, q) => (top[0] === exactTops[q][0] ? 1 : 0))),
  };
}

/** The cosine of the angle of two vectors. */
export function cosine(a: Vector, b: Vector): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] ** 2;
    bb += b[i] ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Spearman's correlation: Pearson's, of ranks. Equal numbers share the mean of their ranks. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [a, b].map((numbers) => {
    const all = ranks(numbers);
    const middle = mean(all);
    return all.map((rank) => rank - middle);
  });
  return cosine(x, y);
}

function ranks(numbers: readonly number[]): readonly number[] {
  const sorted = numbers.toSorted((a, b) => a - b);
  return numbers.map((number) => (sorted.indexOf(number) + sorted.lastIndexOf(number)) / 2);
}

function nearest(question: Vector, passages: readonly Vector[]): readonly number[] {
  const cosines = passages.map((passage) => cosine(question, passage));
  return [...cosines.keys()].toSorted((a, b) => cosines[b] - cosines[a]).slice(0, TOP);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
