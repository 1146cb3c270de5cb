/** The pre-tokenizers of tokenizer.json. */
import { unsupported } from '../errors.ts';
import { byteLevel } from '../pre-tokenizers/byte-level.ts';
import { metaspace, type PrependScheme } from '../pre-tokenizers/metaspace.ts';
import { inOrder, type PreTokenizer } from '../pre-tokenizers/pre-tokenizer.ts';
import { fixedLength, unicodeScripts } from '../pre-tokenizers/scripts.ts';
import {
  BEHAVIORS,
  bertPreTokenizer,
  digits,
  punctuation,
  split,
  whitespace,
  whitespaceSplit,
  type SplitBehavior,
} from '../pre-tokenizers/split.ts';
import { readPattern, stringMatcher } from '../text/pattern.ts';
import type { Fields } from './fields.ts';

/**
 * The pre-tokenizer that an object describes. Errors: `UNSUPPORTED` for an unknown type, `MALFORMED_FILE`.
 */
export function readPreTokenizer(fields: Fields): PreTokenizer {
  const type = fields.text('type');
  switch (type) {
    case 'Sequence':
      return inOrder(fields.children('pretokenizers').map(readPreTokenizer));
    case 'ByteLevel':
      return byteLevel({
        addPrefixSpace: fields.flag('add_prefix_space', true),
        useRegex: fields.flag('use_regex', true),
      });
    case 'BertPreTokenizer':
      return bertPreTokenizer();
    case 'Whitespace':
      return whitespace();
    case 'WhitespaceSplit':
      return whitespaceSplit();
    case 'Metaspace':
      return metaspace({ ...readMetaspace(fields), split: fields.flag('split', true) });
    case 'Punctuation':
      return punctuation(readBehavior(fields, 'Isolated'));
    case 'Digits':
      return digits(fields.flag('individual_digits', false));
    case 'CharDelimiterSplit':
      return split(stringMatcher(fields.text('delimiter')), 'Removed');
    case 'Split': {
      const matcher = readPattern(fields.raw('pattern'), fields.file);
      return split(matcher, readBehavior(fields), fields.flag('invert', false));
    }
    case 'UnicodeScripts':
      return unicodeScripts();
    case 'FixedLength':
      return fixedLength(fields.integer('length', 1) ?? 5);
    default:
      throw unsupported(
        fields.file,
        `there is no pre-tokenizer of the type ${JSON.stringify(type.slice(0, 60))}`,
      );
  }
}

/** What `Metaspace` says as a pre-tokenizer and as a decoder. */
export function readMetaspace(fields: Fields): {
  readonly replacement: string;
  readonly prependScheme: PrependScheme;
} {
  const replacement = fields.text('replacement', '▁');
  if (replacement.length !== 1) throw fields.wrong('replacement', 'one character', replacement);
  const fallback = fields.flag('add_prefix_space', true) ? 'always' : 'never';
  const prependScheme = fields.text('prepend_scheme', fallback);
  if (prependScheme !== 'always' && prependScheme !== 'first' && prependScheme !== 'never')
    throw fields.wrong('prepend_scheme', '"always", "first" or "never"', prependScheme);
  return { replacement, prependScheme };
}

function readBehavior(fields: Fields, fallback?: SplitBehavior): SplitBehavior {
  const name = fields.text('behavior', fallback);
  const behavior = BEHAVIORS.find((each) => each === name);
  if (behavior === undefined) throw fields.wrong('behavior', `one of ${BEHAVIORS.join(', ')}`, name);
  return behavior;
}
