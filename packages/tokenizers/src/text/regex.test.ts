// Oniguruma's expressions as JavaScript's: each matches what Ruby's would.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finish } from '../steps.ts';
import { WHITE_SPACE as S } from './characters.ts';
import { matcherOf } from './pattern.ts';
import { translateRegex } from './regex.ts';

function matches(pattern: string, text: string, from = 0, to = text.length): readonly string[] {
  const iterator = finish(matcherOf(pattern, 'tokenizer.json')(text))(from, to);
  const result: string[] = [];
  for (let match = iterator.next(); match !== undefined; match = iterator.next())
    result.push(text.slice(match.start, match.end));
  return result;
}

test.each<[string, string, readonly string[]]>([
  // White space is Unicode's: U+0085 is, U+FEFF is not.
  ['\\s', 'a\u0085b\ufeffc\u00a0', ['\u0085', '\u00a0']],
  ['[^\\s]+', 'a\u0085b', ['a', 'b']],
  ['[\\S]+', 'a b', ['a', 'b']],
  ['\\w+', 'été_1 ‿x', ['été_1', '‿x']],
  ['\\d', '1٣x', ['1', '٣']],
  ['\\h+', 'xAf09g', ['Af09']],
  // Case is ignored in the group alone, with the long s and the Kelvin sign.
  ["(?i:'s|'ll)x", "'Sx 'ſx 'LLx 'sX", ["'Sx", "'ſx", "'LLx"]],
  ['(?i)k', 'kK\u212a', ['k', 'K', '\u212a']],
  // Lines: ^ and $ match at each of them, a point does not match a line feed only.
  ['^a', 'a\na', ['a', 'a']],
  ['a$', 'a\na', ['a', 'a']],
  ['.', '\r\n\u2028', ['\r', '\u2028']],
  ['\\Aa', 'a\na', ['a']],
  ['a\\z', 'a\na', ['a']],
  // What is possessive gives nothing back.
  ['a++a', 'aaa', []],
  ['(?>a+)b', 'aaab', ['aaab']],
  ['x{1,2}', 'xxx', ['xx', 'x']],
  ['x{,2}y', 'xxxy', ['xxy']],
  ['a{2}{2}', 'aaaaa', ['aaaa']],
  ['{', '{', ['{']],
  // Classes in classes, and those of POSIX.
  ['[a[bc]-]+', 'abc-d', ['abc-']],
  [' ?[^(\\s|[.,!?…。，、।۔،])]+', 'ab, cd', ['ab', ' cd']],
  ['[[:alpha:]]+', 'aé1', ['aé']],
  ['[]a]+', ']a', [']a']],
  ['\\p{Han}+', 'a鲸鱼', ['鲸鱼']],
  ['\\p{^L}+', 'a12b', ['12']],
  ['\\x{1F40B}|\\x41', 'A🐋', ['A', '🐋']],
  ['🐋+', '🐋🐋', ['🐋🐋']],
  ['\\.\\/\\-', './-', ['./-']],
  ['(?<x>a)(?:b)(?=c)(?!d)', 'abc', ['ab']],
])('%s in %j', (pattern, text, expected) => {
  expect(matches(pattern, text)).toEqual(expected);
});

/** Characters of one unit and of two, halves of pairs, and what patterns name. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(..."'sl \n\t\u0085aB1é鲸🐋𠀀𝟘\ud83d\udc0b\u0301"),
      fc.string({ unit: 'binary' }),
    ),
  )
  .map((parts) => parts.join(''));

test.each<[string, RegExp]>([
  [
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    new RegExp(
      `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${S}\\p{L}\\p{N}]+|[${S}]+(?![^${S}])|[${S}]+`,
      'gu',
    ),
  ],
  ['\\p{L}*', /\p{L}*/gu],
  ['(?<=a|🐋)[^a]{1,2}?(?=.)', /(?<=a|🐋)[^a]{1,2}?(?=[^\n])/gu],
])('%s in letters finds what it finds in texts, as a whole and in parts', (pattern, native) => {
  fc.assert(
    fc.property(texts, fc.nat(), fc.nat(), (text, a, b) => {
      const matchesIn = (part: string) => (part.match(native) ?? []).filter((match) => match !== '');
      expect(matches(pattern, text)).toEqual(matchesIn(text));
      // Parts begin and end between characters.
      const places = [
        0,
        ...Array.from(
          text,
          (_, i) =>
            Array.from(text)
              .slice(0, i + 1)
              .join('').length,
        ),
      ];
      const [from, to] = [places[a % places.length], places[b % places.length]].toSorted((x, y) => x - y);
      expect(matches(pattern, text, from, to)).toEqual(matchesIn(text.slice(from, to)));
    }),
  );
});

test('the patterns of GPT-4, Llama 3, Qwen and o200k', () => {
  const text = "I'LL say: 12345 naïve  words\n\n  x don't";
  const gpt4 =
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s";
  expect(matches(gpt4, text).join('')).toBe(text);
  const llama3 =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  expect(matches(llama3, text)).toEqual([
    'I',
    "'LL",
    ' say',
    ':',
    ' ',
    '123',
    '45',
    ' naïve',
    ' ',
    ' words',
    '\n\n',
    ' ',
    ' x',
    ' don',
    "'t",
  ]);
  const o200k =
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  expect(matches(o200k, text)[0]).toBe("I'LL");
});

test.each([
  ['(a+)+', 'repeats a repetition'],
  ['(?:a|b*)*', 'repeats a repetition'],
  ['[a&&b]', '"&&b]", which is not supported'],
  ['(?m:a)', '"(?m:a)", which is not supported'],
  ['(?i:[a-z])', '"a range of both cases"'],
  ['\\G', '"\\\\G", which is not supported'],
  ['(', 'is none'],
  ['a)', 'is none'],
  ['*', 'is none'],
  ['\\p{Nonsense}', 'is none'],
  [
    Array.from({ length: 300 }, (_, i) => String.fromCharCode(0x4e00 + i)).join(''),
    'may tell 256 characters and classes apart, got 300',
  ],
])('%s is refused', (pattern, message) => {
  expect(() => translateRegex(pattern, 'tokenizer.json')).toThrow(message);
});
