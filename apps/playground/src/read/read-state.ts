/** The model, the text, and what was found in it. All work is the worker's; this holds its results. */
import type { ProxyMarked, Remote } from 'comlink';
import { signal } from '@preact/signals';
import { engineOf, isAborted, sentenceOf, whileRunning } from '../engine/client.ts';
import type {
  Dtype,
  Highlight,
  ModelFacts,
  Reader,
  ReadStep,
  Source,
  TextIndex,
} from '../engine/read-engine.ts';
import type { TokenWeights } from '../engine/token-attention.ts';

/** What is looked for. */
export type Look = 'search' | 'entities' | 'answers' | 'attention';

/** Facts of the model, once there is one. */
export const model = signal<ModelFacts>();
/** The text, with its name. */
export const book = signal<{ readonly name: string; readonly text: string }>();
/** The vectors of the text. */
export const index = signal<TextIndex>();
/** The similarity of each chunk with the last query. */
export const scores = signal<Float32Array>();
/** Entities, answers or hits, in the order of the text. */
export const highlights = signal<readonly Highlight[]>([]);
/** What the chosen token looks at. */
export const weights = signal<TokenWeights>();
/** What is looked for. */
export const look = signal<Look>('search');
/** The first character of the page of the text that is seen. */
export const place = signal(0);
/** How far the work has come, while there is some. */
export const step = signal<ReadStep>();
/** What went wrong. */
export const problem = signal<string>();

/** The worker's side, as the page sees it. */
type RemoteReader = Remote<Reader & ProxyMarked>;

let reader: Promise<RemoteReader> | undefined;

function readerOf(): Promise<RemoteReader> {
  return (reader ??= engineOf('read').reader());
}

type OnStep = (next: ReadStep) => void;

/** The number of pieces of work so far: only the last one is seen. */
let works = 0;

/** Runs one piece of work; a later one ends it. Errors become `problem`. */
async function work<T>(
  what: string,
  run: (reader: RemoteReader, onStep: OnStep) => Promise<T>,
): Promise<T | undefined> {
  problem.value = undefined;
  const own = ++works;
  step.value = { what, done: 0, total: 0 };
  const onStep = whileRunning<ReadStep>(
    () => own !== works || step.value === undefined,
    (next) => {
      step.value = next;
    },
  );
  try {
    return await run(await readerOf(), onStep);
  } catch (error) {
    if (!isAborted(error)) problem.value = sentenceOf(error);
    return undefined;
  } finally {
    if (own === works) step.value = undefined;
  }
}

/** Ends the work that is running. */
export async function stop(): Promise<void> {
  await (await readerOf()).stop();
}

/** Loads a model. */
export async function load(source: Source, dtype: Dtype): Promise<void> {
  const facts = await work('loading', (remote, onStep) => remote.load(source, dtype, onStep));
  if (facts === undefined) return;
  model.value = facts;
  look.value = facts.skills.includes('entities')
    ? 'entities'
    : facts.skills.includes('answers')
      ? 'answers'
      : 'search';
  forget();
}

/** Takes a text. */
export function open(name: string, text: string): void {
  book.value = { name, text };
  place.value = 0;
  forget();
}

/** Forgets what was found: it belongs to another model or text. */
export function forget(): void {
  index.value = scores.value = weights.value = undefined;
  highlights.value = [];
}

/** Chooses what is looked for. */
export function choose(next: Look): void {
  look.value = next;
  highlights.value = [];
  weights.value = undefined;
}

/** Makes vectors of the text. */
export async function makeIndex(chunkTokens: number): Promise<void> {
  const { text } = book.value ?? { text: '' };
  const result = await work('making vectors', (remote, onStep) => remote.index(text, chunkTokens, onStep));
  if (result === undefined) return;
  index.value = result;
  scores.value = undefined;
}

/** How many hits are listed. */
const HITS = 8;

/** Looks for chunks that are like a query. */
export async function search(query: string): Promise<void> {
  const chunks = index.value?.chunks ?? [];
  const result = await work('searching', (remote) => remote.search(query));
  if (result === undefined) return;
  scores.value = result;
  const best = [...result.keys()].toSorted((a, b) => result[b] - result[a]).slice(0, HITS);
  highlights.value = best.map((i) => ({ ...chunks[i], score: result[i], label: '' }));
  if (highlights.value.length > 0) place.value = highlights.value[0].start;
}

/** Marks the entities of the text. */
export async function markEntities(): Promise<void> {
  const { text } = book.value ?? { text: '' };
  const result = await work('reading', (remote, onStep) => remote.entities(text, onStep));
  if (result !== undefined) highlights.value = result;
}

/** Asks the text. */
export async function ask(question: string): Promise<void> {
  const { text } = book.value ?? { text: '' };
  const result = await work('reading', (remote, onStep) => remote.answers(text, question, onStep));
  if (result === undefined) return;
  highlights.value = result;
  if (result.length > 0) place.value = result[0].start;
}

/** The layer and the head whose weights are seen; the mean of all heads without one. */
export const lens = signal<{ readonly layer: number; readonly head?: number }>({ layer: 0 });

/** Shows what the token at a place of the text looks at. */
export async function lookFrom(at: number): Promise<void> {
  const { text } = book.value ?? { text: '' };
  const result = await work('running the model', (remote) =>
    remote.weights({ text, place: at, ...lens.value }),
  );
  if (result !== undefined) weights.value = result;
}
