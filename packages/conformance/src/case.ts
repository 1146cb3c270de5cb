/**
 * A case is data: what to compute, on which numbers, and a sentence on why
 * it is there. Its id is made from its parameters, so that it is the same
 * everywhere, can be pasted from a report into a filter, and needs no list.
 */
import type { Graph, Tensors } from '@attn/core';
import type { OpName } from '@attn/core/backend';
import type { RowAddress } from '@attn/core/reference';

/** What a case compiles and what it feeds. */
export interface BuiltCase {
  readonly graph: Graph;
  /** Inputs of the first run. */
  readonly inputs: Tensors;
  /**
   * Inputs of the second run of the same executable: other numbers, other masks, so that stale state shows.
   */
  readonly again: Tensors;
  /** The query rows of one big attention that are compared; without it, everything is. */
  readonly rows?: readonly RowAddress[];
}

/** One declarative case. */
export interface ConformanceCase {
  /** `attn:<op>:<key=value;…>`: unique, deterministic, without spaces. */
  readonly id: string;
  /** The op that the case is about; a system that is a composition of ops; `graph` for other compositions. */
  readonly op: OpName | 'linformer' | 'graph';
  /** Why this case is there, in a sentence. */
  readonly description: string;
  readonly params: CaseParams;
  build(): BuiltCase;
}

/**
 * The parameters that the id is made of, in order. `true` prints the
 * bare name; `undefined` and `false` print nothing.
 */
export type CaseParams = Readonly<Record<string, ParamValue>>;
export type ParamValue = string | number | boolean | undefined | readonly (number | string)[];

/** The id of a case, as in `attn:attention:window=64;dilation=2;n=200`. */
export function caseId(op: ConformanceCase['op'], params: CaseParams): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === false) continue;
    parts.push(value === true ? name : `${name}=${Array.isArray(value) ? joined(value) : String(value)}`);
  }
  return `attn:${op}:${parts.join(';')}`;
}

/** Numbers are separated by commas, texts, which may hold commas, by `+`. */
function joined(values: readonly (number | string)[]): string {
  return values.join(values.some((value) => typeof value === 'string') ? '+' : ',');
}
