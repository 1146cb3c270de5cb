/** All parts of a tokenizer, however they were read. */
import type { AddedToken } from './added-tokens.ts';
import type { Decoder } from './decoders/decoder.ts';
import type { WordModel } from './models/word-model.ts';
import type { Normalizer } from './normalizers/normalizer.ts';
import type { Template } from './output/template.ts';
import type { PreTokenizer } from './pre-tokenizers/pre-tokenizer.ts';

/** The roles that special tokens have. */
export const ROLES = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const;

/** A role of a special token. */
export type Role = (typeof ROLES)[number];

/** What a tokenizer consists of. */
export interface Definition {
  readonly added: readonly AddedToken[];
  /** Tokens that decoding leaves out, too, although texts are not searched for them. */
  readonly control?: ReadonlySet<number>;
  readonly normalizer: Normalizer | undefined;
  readonly preTokenizer: PreTokenizer | undefined;
  readonly model: WordModel;
  readonly template: Template;
  /** Whether spans lose the spaces that tokens begin with, and whether a space was put before the text. */
  readonly trim: { readonly addPrefixSpace: boolean } | undefined;
  readonly decoder: Decoder;
  /** Whether decoded texts lose the spaces before English punctuation and contractions. */
  readonly cleansDecoded: boolean;
  /** The special tokens by their roles. */
  readonly roles: Readonly<Partial<Record<Role, string>>>;
  /**
   * Whether an empty second text is none. Hugging Face's tokenizer.json has it so; their Python classes do
   * not.
   */
  readonly ignoresEmptyPair: boolean;
}

/** The roles that have a token, of names such as `pad_token`. */
export function rolesOf(names: Readonly<Record<string, string | undefined>>): Definition['roles'] {
  return Object.fromEntries(
    ROLES.flatMap((role) => {
      const content = names[`${role}_token`];
      return content === undefined ? [] : [[role, content]];
    }),
  );
}
