/**
 * A case is data: what to compute, on which numbers, and a sentence that says why. Its id is made from its
 * parameters, so it is the same everywhere, can be pasted from a report into a filter, and needs no list.
 */
import type { Graph, Tensors } from '@attn/core';
import type { OpName } from '@attn/core/backend';
import type { RowAddress } from '@attn/core/reference';

/** The graph of a case and its inputs. */
export interface BuiltCase {
  readonly graph: Graph;
  /** Inputs of the first run. */
  readonly inputs: Tensors;
  /** Inputs of the second run of the executable: other numbers and masks, so that stale state shows. */
  readonly again: Tensors;
  /** Query rows of a big attention that are compared. Default: everything is compared. */
  readonly rows?: readonly RowAddress[];
}

/** A case in its declarative form. */
export interface ConformanceCase {
  /** `attn:<op>:<key=value;…>`: unique, deterministic, without spaces. */
  readonly id: string;
  /** The op that the case is about; a system that is a composition of ops; `graph` for other compositions. */
  readonly op: OpName | 'linformer' | 'graph';
  /** A sentence that says why the case exists. */
  readonly description: string;
  readonly params: CaseParams;
  build(): BuiltCase;
}

/** Parameters of the id, in order. `true` prints only the name; `undefined` and `false` print nothing. */
export type CaseParams = Readonly<Record<string, ParamValue>>;
/** Value of a parameter. */
export type ParamValue = string | number | boolean | undefined | readonly (number | string)[];

/**
 * The id of a case.
 *
 * @example
 * caseId('attention', { window: 64, dilation: 2, n: 200 }); // attn:attention:window=64;dilation=2;n=200
 */
export function caseId(op: ConformanceCase['op'], params: CaseParams): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === false) continue;
    parts.push(value === true ? name : `${name}=${Array.isArray(value) ? joined(value) : String(value)}`);
  }
  return `attn:${op}:${parts.join(';')}`;
}

/** Joins numbers with commas, and texts, which may contain commas, with `+`. */
function joined(values: readonly (number | string)[]): string {
  return values.join(values.some((value) => typeof value === 'string') ? '+' : ',');
}
