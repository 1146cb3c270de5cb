/** What a check of a model is: something to compute, and what the original's tests say it must be. */
import type { JsonObject } from '@attn/core';
import type { LoadedModel } from '@attn/models/node';

/** Numbers that may differ by `atol + rtol · |expected|`. */
export interface Numbers {
  readonly numbers: readonly number[];
  readonly atol: number;
  readonly rtol?: number;
}

/** Values that must be equal. */
export interface Exactly {
  readonly exactly: readonly (number | string)[];
}

/** One published value of a model. */
export interface Check {
  readonly what: string;
  readonly expected: Numbers | Exactly;
  /** Computes what is expected. */
  values(model: LoadedModel): Promise<ArrayLike<number | string>>;
}

/** A model of the hub with its checks. */
export interface HubModel {
  readonly id: string;
  /** The class to load it as. */
  readonly architecture?: string;
  /** Fields of its config.json that the original's test sets. */
  readonly config?: JsonObject;
  /** Whether a short model becomes a Longformer first, whose window is longer than the texts. */
  readonly asLongformer?: boolean;
  readonly checks: readonly Check[];
}

/** How a check ended. */
export interface Outcome {
  readonly model: string;
  readonly what: string;
  /** Why it failed; undefined when it passed. */
  readonly fault: string | undefined;
  /** The greatest difference, in units of what is allowed; undefined for values that must be equal. */
  readonly worst: number | undefined;
}

/** Compares values with what is expected. */
export function compare(
  expected: Check['expected'],
  values: ArrayLike<number | string>,
): Pick<Outcome, 'fault' | 'worst'> {
  const list = Array.from(values);
  const targets: readonly (number | string)[] = 'exactly' in expected ? expected.exactly : expected.numbers;
  const differ = `expected ${short(targets)}, got ${short(list)}`;
  if (list.length !== targets.length) return { fault: differ, worst: undefined };
  if ('exactly' in expected) {
    return { fault: list.every((value, i) => value === targets[i]) ? undefined : differ, worst: undefined };
  }
  const { numbers, atol, rtol = 0 } = expected;
  const shares = numbers.map(
    (target, i) => Math.abs(Number(list[i]) - target) / (atol + rtol * Math.abs(target)),
  );
  // Not `> 1`: NaN is a fault, too.
  const worst = shares.some(Number.isNaN) ? NaN : Math.max(...shares);
  return { fault: worst <= 1 ? undefined : differ, worst };
}

function short(values: readonly (number | string)[]): string {
  const texts = values
    .slice(0, 8)
    .map((value) => (typeof value === 'number' ? Number(value.toPrecision(7)) : value));
  return `${texts.join(', ')}${values.length > 8 ? `, … (${values.length})` : ''}`;
}
