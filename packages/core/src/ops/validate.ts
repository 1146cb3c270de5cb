/**
 * The checks that ops share. Every shape, dtype and attribute is checked once, in an op's `infer`, and
 * refused in one sentence with the value in it; backends never check again.
 */
import { AttnError, show, type AttnErrorCode } from '../errors.ts';
import { checkArgument } from '../check/check-options.ts';
import { anObject } from '../check/kinds.ts';
import { unknownName } from '../check/nearest-name.ts';
import type { DType, TensorSpec } from '../tensor.ts';
import type { OpName } from './op-name.ts';
import type { NamedSpecs, OpSpec } from './op.ts';

/** Throws `[attn/core] <op>: <message>`. */
export function fail(code: AttnErrorCode, op: OpName, message: string): never {
  throw new AttnError(code, `core/${op}`, message);
}

/**
 * Refuses missing inputs and inputs that the op does not have. Variadic ops, which list none, check their
 * inputs themselves. Errors: `MISSING_INPUT`, `INVALID_ARGUMENT`.
 */
export function checkInputNames(
  op: OpName,
  spec: Pick<OpSpec<object>, 'required' | 'optional' | 'families' | 'hint'>,
  inputs: NamedSpecs,
): void {
  checkArgument(`core/${op}`, 'inputs', inputs, anObject);
  if (spec.required.length === 0) return;
  const names = [...spec.required, ...(spec.optional ?? [])];
  for (const name of spec.required) {
    if (inputs[name] === undefined) fail('MISSING_INPUT', op, `input ${name} is required`);
  }
  for (const name of Object.keys(inputs)) {
    if (!names.includes(name) && !isOfFamily(spec, name)) {
      const instead = spec.hint?.(name);
      const message = instead && `there is no input ${show(name)}; ${instead}`;
      fail('INVALID_ARGUMENT', op, message ?? unknownName('input', name, names));
    }
  }
}

/** Whether the name of an input begins as those of a family of the op. */
export function isOfFamily({ families = [] }: Pick<OpSpec<object>, 'families'>, name: string): boolean {
  return families.some((family) => name.startsWith(family));
}

/** The dtype that these inputs share, f32 or f16. Absent inputs are skipped. Errors: `INVALID_DTYPE`. */
export function sharedFloat(op: OpName, inputs: NamedSpecs, names: readonly string[]): 'f32' | 'f16' {
  const shared: DType = inputs[names[0]].dtype;
  if (shared !== 'f32' && shared !== 'f16') {
    fail('INVALID_DTYPE', op, `${names[0]} must be f32 or f16, got ${shared}`);
  }
  for (const name of names) {
    const dtype: DType = inputs[name]?.dtype ?? shared;
    if (dtype !== shared)
      fail('INVALID_DTYPE', op, `${name} must be ${shared} like ${names[0]}, got ${dtype}`);
  }
  return shared;
}

/** Refuses an input of any other dtype. Errors: `INVALID_DTYPE`. */
export function checkDtype(op: OpName, inputs: NamedSpecs, name: string, allowed: readonly DType[]): void {
  const { dtype } = inputs[name];
  if (!allowed.includes(dtype))
    fail('INVALID_DTYPE', op, `${name} must be ${allowed.join(' or ')}, got ${dtype}`);
}

/** Refuses any other shape; `axes` says what the extents are: `[batch, keys]`. Errors: `INVALID_SHAPE`. */
export function checkShapeIs(
  op: OpName,
  inputs: NamedSpecs,
  name: string,
  expected: readonly number[],
  axes: string,
): void {
  const { shape } = inputs[name];
  if (!sameShape(shape, expected)) {
    fail('INVALID_SHAPE', op, `${name} must be ${axes} = ${show(expected)}, got ${show(shape)}`);
  }
}

/** Refuses an input of fewer axes. Errors: `INVALID_SHAPE`. */
export function checkMinRank(op: OpName, inputs: NamedSpecs, name: string, rank: number): void {
  const { shape } = inputs[name];
  if (shape.length < rank) fail('INVALID_SHAPE', op, `${name} must have rank ≥ ${rank}, got ${show(shape)}`);
}

/** The axis, counted from the front if it is negative. Errors: `INVALID_ARGUMENT`. */
export function normalizeAxis(op: OpName, axis: number, shape: readonly number[]): number {
  const rank = shape.length;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    fail(
      'INVALID_ARGUMENT',
      op,
      `axis must be an integer in [${-rank}, ${rank}) for shape ${show(shape)}, got ${show(axis)}`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** Refuses what is not a list of integers, of this length if there is one. Errors: `INVALID_ARGUMENT`. */
export function checkIntegerList(op: OpName, name: string, value: readonly number[], length?: number): void {
  const good =
    Array.isArray(value) && value.every(Number.isInteger) && value.length === (length ?? value.length);
  if (!good) {
    const expected = length === undefined ? 'a list of integers' : `a list of ${length} integers`;
    fail('INVALID_ARGUMENT', op, `${name} must be ${expected}, got ${show(value)}`);
  }
}

/** Whether rank and extents are equal. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** A spec of the same dtype with another shape. */
export function reshaped(spec: TensorSpec, shape: readonly number[]): TensorSpec {
  return { dtype: spec.dtype, shape };
}
