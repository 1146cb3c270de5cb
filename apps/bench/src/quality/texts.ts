/** Texts of this repository, and those of a folder, with which models are compared. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Material } from './measures.ts';

const FACTS: readonly string[] = [
  'The Rhine rises in the Swiss Alps and flows into the North Sea.',
  'Bread rises because yeast turns sugar into carbon dioxide.',
  'Water boils at a lower temperature on a high mountain.',
  'Copper conducts electricity better than iron does.',
  'The moon turns once around itself while it travels once around the earth.',
  'Bees tell each other where flowers are with a dance.',
  'The first printed books in Europe were made in Mainz around 1450.',
  'A violin has four strings, which are tuned in fifths.',
  'Sailors found their latitude from the height of the sun at noon.',
  'Glass is made from sand, soda and lime.',
  'The heart of a mouse beats more than five hundred times a minute.',
  'Insulin was first given to a patient in Toronto in 1922.',
  'Concrete becomes harder for years after it has been poured.',
  'Penguins live in the southern half of the world.',
  'A prime number has no divisors but one and itself.',
  'The train from Paris to Lyon takes about two hours.',
  'Salt lowers the temperature at which water freezes.',
  'Parliament passes the budget for the coming year in autumn.',
  'She repaired the old clock with a spring from another one.',
  'The river flooded the lower town after three days of rain.',
  'A compiler turns the text of a program into instructions for a machine.',
  'The court found that the contract had never been signed.',
  'Olive oil smokes at a lower temperature than peanut oil.',
  'He lost the match in the last minute by a penalty.',
  'The library lends books for four weeks, and films for one.',
  'Shares of the airline fell after it cancelled its summer flights.',
  'Cats purr both when they are content and when they are in pain.',
  'The password must have at least twelve characters.',
  'Vaccines teach the body to recognise a virus before it meets it.',
  'The bridge was closed because its cables had rusted.',
];

const QUESTIONS: readonly string[] = [
  'Where does the Rhine end?',
  'Why does dough get bigger?',
  'How do bees talk about food?',
  'Which metal should a wire be made of?',
  'When were books first printed?',
  'What is glass made of?',
  'How do I treat diabetes?',
  'Why do we put salt on icy roads?',
  'What does a compiler do?',
  'How long may I keep a borrowed book?',
  'Where do penguins live?',
  'how long is the train ride to lyon',
];

/** Texts of other kinds: short, long, code, names, other languages. */
const OTHERS: readonly string[] = [
  'Yes.',
  'x = [i ** 2 for i in range(10)]',
  'Call me Ishmael. Some years ago, never mind how long precisely, having little or no money in my purse, and nothing particular to interest me on shore, I thought I would sail about a little and see the watery part of the world.',
  'Der Fluss trat nach drei Tagen Regen über die Ufer.',
  'La rivière a débordé après trois jours de pluie.',
  '12 Harbour Street, Bristol, BS1 4RN',
  'Invoice 2031-774: 3 × 19.99 € = 59.97 €',
  'Great!! Would buy again 😀',
];

/** The texts of this file. Every two facts are a pair. */
export const OWN: Material<string> = {
  texts: [...FACTS, ...QUESTIONS, ...OTHERS],
  pairs: FACTS.flatMap((a, i) => FACTS.slice(i + 1).map((b) => [a, b] as const)),
  questions: QUESTIONS,
  passages: FACTS,
};

/** The texts of a folder with sentences.json and retrieval.json. */
export function textsIn(folder: string): Material<string> {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const { sentences } = read('sentences.json') as { sentences: readonly { text: string }[] };
  const { pairs, questions, passages } = read('retrieval.json') as {
    pairs: readonly { a: string; b: string }[];
    questions: readonly string[];
    passages: readonly string[];
  };
  return {
    texts: sentences.map(({ text }) => text),
    pairs: pairs.map(({ a, b }) => [a, b]),
    questions,
    passages,
  };
}
