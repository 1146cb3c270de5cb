/** Templates: the special tokens around a text, or around two, and their types. */

/** The place of a text in a template. */
export interface TextPart {
  readonly kind: 'text';
  readonly sequence: 0 | 1;
  readonly typeId: number;
}

/** A token that a template adds. */
export interface TokenPart {
  readonly kind: 'token';
  readonly id: number;
  readonly typeId: number;
}

/** A part of a template. */
export type TemplatePart = TextPart | TokenPart;

/** What stands around one text, and around two. */
export interface Template {
  readonly single: readonly TemplatePart[];
  readonly pair: readonly TemplatePart[];
}

/** The place of the first text. */
export const textA = (typeId = 0): TemplatePart => ({ kind: 'text', sequence: 0, typeId });

/** The place of the second text. */
export const textB = (typeId: number): TemplatePart => ({ kind: 'text', sequence: 1, typeId });

/** A token that a template adds. */
export const token = (id: number, typeId = 0): TemplatePart => ({ kind: 'token', id, typeId });

/** Texts by themselves, joined without anything between them. */
export const BARE: Template = { single: [textA()], pair: [textA(), textB(1)] };

/** RoBERTa's template: `<s> A </s>` and `<s> A </s></s> B </s>`. */
export function robertaTemplate(cls: number, sep: number): Template {
  return {
    single: [token(cls), textA(), token(sep)],
    pair: [token(cls), textA(), token(sep), token(sep), textB(0), token(sep)],
  };
}

/** MPNet's template: RoBERTa's, with the types of BERT. */
export function mpnetTemplate(cls: number, sep: number): Template {
  return {
    single: [token(cls), textA(), token(sep)],
    pair: [token(cls), textA(), token(sep), token(sep), textB(1), token(sep, 1)],
  };
}

/** BERT's template: `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`. */
export function bertTemplate(cls: number, sep: number): Template {
  return {
    single: [token(cls), textA(), token(sep)],
    pair: [token(cls), textA(), token(sep), textB(1), token(sep, 1)],
  };
}

/** How many tokens a template adds. */
export function addedCount(parts: readonly TemplatePart[]): number {
  return parts.filter(({ kind }) => kind === 'token').length;
}
