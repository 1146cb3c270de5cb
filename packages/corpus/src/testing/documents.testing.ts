/** Documents of random words of Moby-Dick, for tests. */
import type { CorpusDocument } from '../index.ts';

const WORDS = 'whale ship captain sea boat mast harpoon doubloon wave storm crew ocean sail deck'.split(' ');

/** A generator of random numbers below 1, the same for equal seeds (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Documents of a few sentences each. */
export function someDocuments(count: number, seed: number = 1): readonly CorpusDocument[] {
  const random = randomNumbers(seed);
  const sentence = (): string => {
    const words = Array.from({ length: 4 + random() * 8 }, () => WORDS[Math.floor(random() * WORDS.length)]);
    return `The ${words.join(' ')}.`;
  };
  return Array.from({ length: count }, (_, i) => ({
    path: `log/${String(i).padStart(4, '0')}.txt`,
    root: 'log',
    text: Array.from({ length: 1 + random() * 12 }, sentence).join(' '),
    metadata: { day: i },
  }));
}
