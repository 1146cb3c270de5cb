/** Pre-tokenizers for which no pattern stands: a new piece where the script changes, pieces of one length. */
import { unitsAt } from '../text/aligned.ts';
import { STRIDE } from '../steps.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

/** Scripts that Japanese writes in one word. */
const JAPANESE = /^[\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Han}\u30fc]$/u;

/** Characters that belong to every script. */
const ANY = /^[\p{sc=Common}\p{sc=Inherited}\p{sc=Unknown}]$/u;

/** Scripts that are tried; a character of another one counts as of the script "other". */
const SCRIPTS = (
  'Latin Cyrillic Greek Arabic Hebrew Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam ' +
  'Sinhala Thai Lao Tibetan Myanmar Georgian Hangul Ethiopic Cherokee Khmer Mongolian Armenian Syriac Thaana ' +
  'Bopomofo Yi Coptic Gothic Tifinagh Balinese Javanese Sundanese'
)
  .split(' ')
  .map((name) => ({ name, regex: new RegExp(`^\\p{sc=${name}}$`, 'u') }));

function scriptOf(character: string): string {
  if (character === ' ') return '';
  if (JAPANESE.test(character)) return 'Han';
  if (ANY.test(character)) return 'Common';
  return SCRIPTS.find(({ regex }) => regex.test(character))?.name ?? 'other';
}

/** `UnicodeScripts`: a new piece where the script changes. A space belongs to any script. */
export function unicodeScripts(): PreTokenizer {
  const scripts = new Map<string, string>();
  return function* ({ source, bounds }) {
    const { text } = source;
    const result: number[] = [];
    let paused = 0;
    for (let i = 0; i < bounds.length; i += 2) {
      let start = bounds[i];
      let current = '';
      for (let index = start; index < bounds[i + 1];) {
        const end = index + unitsAt(text, index);
        const character = text.slice(index, end);
        const script = scripts.get(character) ?? scriptOf(character);
        scripts.set(character, script);
        if (script !== '' && current !== '' && script !== current) {
          result.push(start, index);
          start = index;
        }
        current = script === '' ? current : script;
        index = end;
        if (index - paused > STRIDE) {
          paused = index;
          yield;
        }
      }
      if (start < bounds[i + 1]) result.push(start, bounds[i + 1]);
    }
    return { source, bounds: result };
  };
}

/** `FixedLength`: pieces of so many characters. */
export function fixedLength(length: number): PreTokenizer {
  return function* ({ source, bounds }) {
    const result: number[] = [];
    for (let i = 0; i < bounds.length; i += 2) {
      for (let from = bounds[i]; from < bounds[i + 1];) {
        let to = from;
        for (let n = 0; n < length && to < bounds[i + 1]; n++) to += unitsAt(source.text, to);
        result.push(from, to);
        from = to;
        if (result.length % STRIDE === 0) yield;
      }
    }
    return { source, bounds: result };
  };
}
