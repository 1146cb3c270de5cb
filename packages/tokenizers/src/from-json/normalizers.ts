/** The normalizers of tokenizer.json. */
import { unsupported } from '../errors.ts';
import { bertNormalizer } from '../normalizers/bert.ts';
import { Charsmap, precompiled } from '../normalizers/charsmap.ts';
import { normalForm } from '../normalizers/forms.ts';
import { inOrder, type Normalizer } from '../normalizers/normalizer.ts';
import {
  byteLetters,
  lowercase,
  nmt,
  prepend,
  replace,
  replaceUnit,
  strip,
  stripAccents,
} from '../normalizers/simple.ts';
import { readPattern } from '../text/pattern.ts';
import type { Fields } from './fields.ts';

/** The normalizer that an object describes. Errors: `UNSUPPORTED` for an unknown type, `MALFORMED_FILE`. */
export function readNormalizer(fields: Fields): Normalizer {
  const type = fields.text('type');
  switch (type) {
    case 'Sequence':
      return inOrder(fields.children('normalizers').map(readNormalizer));
    case 'BertNormalizer': {
      const lowercases = fields.flag('lowercase', true);
      return bertNormalizer({
        cleanText: fields.flag('clean_text', true),
        handleChineseChars: fields.flag('handle_chinese_chars', true),
        stripAccents: fields.flag('strip_accents', lowercases),
        lowercase: lowercases,
      });
    }
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return normalForm(type);
    case 'Lowercase':
      return lowercase();
    case 'StripAccents':
      return stripAccents();
    case 'Nmt':
      return nmt();
    case 'ByteLevel':
      return byteLetters();
    case 'Strip':
      return strip(fields.flag('strip_left', true), fields.flag('strip_right', true));
    case 'Prepend':
      return prepend(fields.text('prepend'));
    case 'Replace':
      return readReplace(fields);
    case 'Precompiled':
      return readPrecompiled(fields);
    default:
      throw unsupported(
        fields.file,
        `there is no normalizer of the type ${JSON.stringify(type.slice(0, 60))}`,
      );
  }
}

function readReplace(fields: Fields): Normalizer {
  const pattern = fields.raw('pattern');
  const content = fields.text('content');
  const { String: text } = Object(pattern) as { readonly String?: unknown };
  if (typeof text === 'string' && text.length === 1 && content.length === 1)
    return replaceUnit(text, content);
  return replace(readPattern(pattern, fields.file), content);
}

function readPrecompiled(fields: Fields): Normalizer {
  const text = fields.text('precompiled_charsmap', '');
  if (text === '') return inOrder([]);
  let decoded: string;
  try {
    decoded = atob(text);
  } catch {
    throw fields.wrong('precompiled_charsmap', 'bytes in base64', text);
  }
  const bytes = Uint8Array.from(decoded, (character) => character.charCodeAt(0));
  return precompiled(new Charsmap(bytes, fields.file));
}
