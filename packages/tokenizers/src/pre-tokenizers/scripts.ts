/** Pre-tokenizers for which no pattern stands: a new piece where the script changes, pieces of one length. */
import { STRIDE } from '../steps.ts';
import { Bounds } from '../text/bounds.ts';
import { unitsAt } from '../text/units.ts';
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
    const result = new Bounds();
    let paused = 0;
    for (let i = 0; i < bounds.count; i++) {
      let start = bounds.from(i);
      let current = '';
      for (let index = start; index < bounds.to(i);) {
        const end = index + unitsAt(text, index);
        const character = text.slice(index, end);
        const script = scripts.get(character) ?? scriptOf(character);
        scripts.set(character, script);
        if (script !== '' && current !== '' && script !== current) {
          result.add(start, index);
          start = index;
        }
        current = script === '' ? current : script;
        index = end;
        if (index - paused > STRIDE) {
          paused = index;
          yield;
        }
      }
      if (start < bounds.to(i)) result.add(start, bounds.to(i));
    }
    return { source, bounds: result };
  };
}

/** `FixedLength`: pieces of so many characters. */
export function fixedLength(length: number): PreTokenizer {
  return function* ({ source, bounds }) {
    const result = new Bounds();
    for (let i = 0; i < bounds.count; i++) {
      for (let from = bounds.from(i); from < bounds.to(i);) {
        let to = from;
        for (let n = 0; n < length && to < bounds.to(i); n++) to += unitsAt(source.text, to);
        result.add(from, to);
        from = to;
        if (result.count % STRIDE === 0) yield;
      }
    }
    return { source, bounds: result };
  };
}
