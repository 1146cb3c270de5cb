/** What `--only` asks of a bench of generation. */
import type { SuiteOptions } from '../suite.ts';

/** Who is measured, and with how many tokens. */
export interface Chosen<Name extends string> {
  readonly names: readonly Name[];
  /** Tokens of the input; undefined where none are asked for. */
  readonly length: number | undefined;
}

/** Names and number of `--only wasm,512`: without a name, all names; without a number, no length. */
export function chosen<Name extends string>({ only = '' }: SuiteOptions, all: readonly Name[]): Chosen<Name> {
  const items = String(only).split(',');
  const request = all.filter((name) => items.includes(name));
  return {
    names: request.length > 0 ? request : all,
    length: items.map(Number).find((item) => item > 0),
  };
}
