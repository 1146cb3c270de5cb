/** Files that say more of a tokenizer than its vocabulary or its tokenizer.json does. */
import type { Fields } from './fields.ts';

/** The files that there are. */
export interface ConfigFiles {
  /** tokenizer_config.json */
  readonly config?: Fields | undefined;
  /** special_tokens_map.json */
  readonly specialTokensMap?: Fields | undefined;
  /** added_tokens.json */
  readonly addedTokens?: Fields | undefined;
  /** config.json */
  readonly model?: Fields | undefined;
}

/** The class of the tokenizer without "Tokenizer" and "Fast", if the files name one. */
export function classNameOf({ config, model }: ConfigFiles): string | undefined {
  const name = config?.textOrAbsent('tokenizer_class') ?? model?.textOrAbsent('tokenizer_class');
  return name?.replace(/(?:Tokenizer)?(?:Fast)?$/, '');
}
