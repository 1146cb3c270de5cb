/** Which heads are projected how: all in one way, or in as many groups as there are different k. */
import { show } from '../../errors.ts';
import type { GraphBuilder, Value } from '../../graph/builder.ts';
import { inBhnd } from '../../ops/attention/spec.ts';
import { sameShape } from '../../ops/validate.ts';
import { fail, isList, type LinformerInputs, type LinformerOptions, type PerHead } from './options.ts';
import type { SequenceProjection } from './projection.ts';

/** Heads that are computed together, as one attention with grouped query heads. */
export interface HeadGroup {
  readonly queryHeads: readonly number[];
  /** Key/value heads. */
  readonly keyHeads: readonly number[];
  readonly key: SequenceProjection;
  /** Projects the values: the very object `key` when there is no F. */
  readonly value: SequenceProjection;
}

interface Sizes {
  readonly heads: number;
  readonly keyHeads: number;
  readonly n: number;
}

/**
 * The groups. Inputs have passed `checkLinformer` and attention's `infer`. Errors: `INVALID_SHAPE`,
 * `INVALID_ARGUMENT`.
 */
export function headGroups(
  builder: GraphBuilder,
  inputs: LinformerInputs<Value>,
  options: LinformerOptions,
): HeadGroup[] {
  const { layout = 'bhnd', projection = 'linear', projectedLength } = options;
  const [, heads] = inBhnd(inputs.q, layout);
  const [, keyHeads, n] = inBhnd(inputs.k, layout);
  const sizes: Sizes = { heads, keyHeads, n };
  switch (projection) {
    case 'linear':
      return linearGroups(builder, inputs, projectedLength, sizes);
    case 'convolution': {
      const { E, biasE, F, biasF } = inputs;
      const key = convolution('E', E, biasE);
      return [{ ...allHeads(sizes), key, value: F === undefined ? key : convolution('F', F, biasF) }];
    }
    case 'meanPool':
    case 'maxPool':
      return poolGroups(projection, projectedLength, sizes);
    default:
      return projection satisfies never;
  }
}

function convolution(name: 'E' | 'F', kernel?: PerHead<Value>, bias?: PerHead<Value>): SequenceProjection {
  if (kernel === undefined || isList(kernel) || kernel.shape.length !== 3 || kernel.shape[2] === 0) {
    const shape = kernel === undefined || isList(kernel) ? kernel : kernel.shape;
    fail('INVALID_SHAPE', `${name} of a convolution must be [out, in, window ≥ 1], got ${show(shape)}`);
  }
  if (bias !== undefined && isList(bias)) {
    fail('INVALID_SHAPE', `bias${name} of a convolution must be [out], got a list of ${bias.length}`);
  }
  return { kind: 'convolution', kernel, bias };
}

function linearGroups(
  builder: GraphBuilder,
  { E, F, biasE, biasF }: LinformerInputs<Value>,
  length: PerHead<number> | undefined,
  sizes: Sizes,
): HeadGroup[] {
  if (E === undefined) fail('MISSING_INPUT', 'the projection linear needs the input E');
  const forKeys = readMatrices('E', E, biasE, sizes);
  const forValues = F === undefined ? forKeys : readMatrices('F', F, biasF, sizes);
  if (!sameShape(forKeys.ks, forValues.ks)) {
    fail('INVALID_SHAPE', `F must have the k of E, ${show(forKeys.ks)}, got ${show(forValues.ks)}`);
  }
  if (
    length !== undefined &&
    !sameShape(isList(length) ? length : forKeys.ks.map(() => length), forKeys.ks)
  ) {
    fail(
      'INVALID_ARGUMENT',
      `projectedLength must be that of E, ${show(forKeys.ks)}, or absent, got ${show(length)}`,
    );
  }
  const projections = (members: readonly number[]): Pick<HeadGroup, 'key' | 'value'> => {
    const key = stack(builder, forKeys, members);
    return { key, value: forValues === forKeys ? key : stack(builder, forValues, members) };
  };
  return isList(E) ? groupsOf(forKeys.ks, sizes, projections) : [{ ...allHeads(sizes), ...projections([0]) }];
}

/** E or F: one for all heads, or as many as there are heads. */
interface Matrices {
  readonly matrices: readonly Value[];
  readonly biases: readonly Value[] | undefined;
  readonly ks: readonly number[];
}

function readMatrices(
  name: 'E' | 'F',
  projections: PerHead<Value>,
  bias: PerHead<Value> | undefined,
  { heads, keyHeads, n }: Sizes,
): Matrices {
  const [matrices, biases] = [
    isList(projections) ? projections : [projections],
    bias === undefined || isList(bias) ? bias : [bias],
  ];
  if (isList(projections)) checkCount(name, projections, { heads, keyHeads, n });
  for (const { shape } of matrices) {
    const isOfHeads = !isList(projections) && shape.length === 3 && [heads, keyHeads].includes(shape[0]);
    const [k, most] = shape.slice(-2);
    if ((isOfHeads || shape.length === 2) && k >= 1 && most >= n) continue;
    const byHead = isList(projections) ? '' : ` or [heads = ${counts({ heads, keyHeads })}, k, nMax]`;
    fail('INVALID_SHAPE', `${name} must be [k, nMax ≥ ${n}]${byHead}, got ${show(shape)}`);
  }
  if (biases !== undefined && biases.length !== matrices.length) {
    fail('INVALID_SHAPE', `bias${name} must be as many as ${name}, ${matrices.length}, got ${biases.length}`);
  }
  biases?.forEach(({ shape }, i) => {
    const rows = matrices[i].shape.slice(0, -1);
    if (sameShape(shape, rows) || sameShape(shape, rows.slice(-1))) return;
    fail('INVALID_SHAPE', `bias${name} must be like the rows of ${name}, ${show(rows)}, got ${show(shape)}`);
  });
  return { matrices, biases, ks: matrices.map(({ shape }) => shape[shape.length - 2]) };
}

/** The matrices of some heads as one. */
function stack(
  builder: GraphBuilder,
  { matrices, biases }: Matrices,
  members: readonly number[],
): SequenceProjection {
  const asOne = (values: readonly Value[]): Value => {
    const chosen = members.map((member) => values[member]);
    if (chosen.length === 1) return chosen[0];
    return builder.concat(
      chosen.map((value) => builder.reshape(value, [1, ...value.shape])),
      0,
    );
  };
  return { kind: 'linear', matrix: asOne(matrices), bias: biases && asOne(biases) };
}

function poolGroups(
  kind: 'meanPool' | 'maxPool',
  length: PerHead<number> | undefined,
  sizes: Sizes,
): HeadGroup[] {
  const projections = (_members: readonly number[], k: number): Pick<HeadGroup, 'key' | 'value'> => {
    const key: SequenceProjection = { kind, k: checkLength(k) };
    return { key, value: key };
  };
  if (length !== undefined && isList(length)) {
    checkCount('projectedLength', length, sizes);
    return groupsOf(length, sizes, projections);
  }
  return [{ ...allHeads(sizes), ...projections([], checkLength(length)) }];
}

function checkLength(length: number | undefined): number {
  if (length !== undefined && Number.isInteger(length) && length >= 1) return length;
  return fail('INVALID_ARGUMENT', `projectedLength must be an integer ≥ 1, got ${show(length)}`);
}

function allHeads({ heads, keyHeads }: Sizes): Pick<HeadGroup, 'queryHeads' | 'keyHeads'> {
  return { queryHeads: range(0, heads), keyHeads: range(0, keyHeads) };
}

/** Heads of equal k together. There is one k for each query head or for each key/value head. */
function groupsOf(
  ks: readonly number[],
  { heads, keyHeads }: Sizes,
  projections: (members: readonly number[], k: number) => Pick<HeadGroup, 'key' | 'value'>,
): HeadGroup[] {
  const headsPerK = heads / ks.length;
  return [...new Set(ks)].map((k) => {
    const members = range(0, ks.length).filter((member) => ks[member] === k);
    return {
      queryHeads: members.flatMap((member) => range(member * headsPerK, headsPerK)),
      keyHeads: onceEach(members.map((member) => Math.floor((member * keyHeads) / ks.length))),
      ...projections(members, k),
    };
  });
}

/**
 * Each head once, when all stand there equally often, in runs: then they are shared as grouped query heads
 * share them.
 */
function onceEach(heads: readonly number[]): readonly number[] {
  const distinct = [...new Set(heads)];
  const times = heads.length / distinct.length;
  const isShared =
    Number.isInteger(times) && heads.every((head, i) => head === distinct[Math.floor(i / times)]);
  return isShared ? distinct : heads;
}

function checkCount(name: string, list: readonly unknown[], { heads, keyHeads }: Sizes): void {
  if (list.length === heads || list.length === keyHeads) return;
  fail(
    'INVALID_SHAPE',
    `a list of ${name} must have one for each of ${counts({ heads, keyHeads })} heads, got ${list.length}`,
  );
}

function counts({ heads, keyHeads }: Pick<Sizes, 'heads' | 'keyHeads'>): string {
  return heads === keyHeads ? `${heads}` : `${keyHeads} or ${heads}`;
}

function range(start: number, length: number): number[] {
  return Array.from({ length }, (_, i) => start + i);
}
