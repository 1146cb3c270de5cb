/**
 * Labels of tokens by their names. `O` is outside of any span; in a span of some type the first token is B,
 * the last E, those between are I, and a span of one token is S: `B-private_person`.
 */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';

/** What a token is to its span. */
export type Tag = 'O' | 'B' | 'I' | 'E' | 'S';

/** A label, taken apart. */
export interface Label {
  readonly tag: Tag;
  /** The type of span; `O` of the label `O`. */
  readonly type: string;
}

const NAME = /^(?:(?<tag>[BIES])-(?<type>.+)|O)$/su;

/**
 * Whether these labels say where spans begin and end: O, and types of which each that has B or I has E. Only
 * of such labels can `viterbi` make spans of several tokens.
 */
export function saysWhereSpansEnd(names: readonly string[]): boolean {
  const closed = new Set(names.filter((name) => name.startsWith('E-')).map((name) => name.slice(2)));
  return (
    closed.size > 0 &&
    names.includes('O') &&
    new Set(names).size === names.length &&
    names.every((name) => NAME.test(name) && (!/^[BI]-/.test(name) || closed.has(name.slice(2))))
  );
}

/** Takes the names of labels apart. Errors: `INVALID_ARGUMENT`. */
export function readLabelSet(where: string, names: readonly string[]): readonly Label[] {
  const fail = (message: string): never => {
    throw new AttnError('INVALID_ARGUMENT', where, message);
  };
  if (!Array.isArray(names)) return fail(`labels must be a list of names, got ${show(names)}`);
  const labels = Array.from(names as readonly unknown[], (name): Label => {
    const match = typeof name === 'string' ? NAME.exec(name) : null;
    if (match === null) return fail(`a label must be O, or B-, I-, E- or S- and a type, got ${show(name)}`);
    const { tag = 'O', type = 'O' } = match.groups ?? {};
    return { tag: tag as Tag, type };
  });
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) return fail(`labels must differ, got ${show(twice)} twice`);
  if (!labels.some(({ tag }) => tag === 'O')) return fail(`labels must have O, got ${show(names)}`);
  return labels;
}
