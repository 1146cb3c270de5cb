/** What the worker does for Read: keeps a model and a text, and answers questions about them. */
import { createAttn, type Attn, type Tensor } from '@attn/core';
import {
  Encoder,
  loadModel,
  pipeline,
  type LoadedModel,
  type ModelSource,
  type QuestionAnswer,
  type TextChunk,
} from '@attn/models';
import { BACKENDS, loadBackend } from './backends.ts';
import { tokenWeights, type TokenQuestion, type TokenWeights } from './token-attention.ts';

/**
 * Where a model comes from. Paths of picked files are told apart: a worker does not get them with the files.
 */
export type Source =
  | { readonly kind: 'words' }
  | { readonly kind: 'hub'; readonly id: string }
  | { readonly kind: 'files'; readonly files: readonly { readonly path: string; readonly file: File }[] };

/** The form in which weights are kept. */
export type Dtype = 'as-stored' | 'f32' | 'f16' | 'q8' | 'q4';

/** What a model can do here. */
export type Skill = 'search' | 'entities' | 'answers';

/** Facts of a model that was loaded. */
export interface ModelFacts {
  readonly architecture: string;
  readonly family: string;
  readonly maxLength: number;
  readonly skills: readonly Skill[];
  readonly loadMs: number;
}

/** How far work has come; `total` is 0 where nobody knows. */
export interface ReadStep {
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

type OnStep = (step: ReadStep) => void;

/** Vectors of a text. */
export interface TextIndex {
  readonly chunks: readonly TextChunk[];
  readonly dimensions: number;
  readonly tokens: number;
  readonly backends: readonly string[];
  readonly ms: number;
}

/** A piece of the text with a label, or an answer. */
export interface Highlight {
  readonly start: number;
  readonly end: number;
  readonly label: string;
  readonly score: number;
}

/** The worker's side of Read. One piece of work runs at a time; `stop` ends it. */
export interface Reader {
  load(source: Source, dtype: Dtype, onStep: OnStep): Promise<ModelFacts>;
  /** Makes vectors of chunks of so many tokens; the model sees the text as a whole. */
  index(text: string, chunkTokens: number, onStep: OnStep): Promise<TextIndex>;
  /** The similarity of each chunk of the last index with a query. */
  search(query: string): Promise<Float32Array>;
  entities(text: string, onStep: OnStep): Promise<readonly Highlight[]>;
  answers(text: string, question: string, onStep: OnStep): Promise<readonly Highlight[]>;
  weights(question: TokenQuestion): Promise<TokenWeights>;
  stop(): void;
}

/** The error of a call without what it needs. */
const missing = (what: string): Error => new Error(`expected ${what}, got none yet`);

/** Makes the worker's side. `inWords` turns errors into what can cross to the page. */
export function createReader(inWords: <T>(work: () => Promise<T>) => Promise<T>): Reader {
  let attn: Promise<Attn> | undefined;
  let model: LoadedModel | undefined;
  /** Loads the same files without a head, for vectors. */
  let encoder: (() => Promise<Encoder>) | undefined;
  let embeddings: Tensor<'f32'> | undefined;
  let running = new AbortController();

  const ready = (): Promise<Attn> =>
    (attn ??= Promise.all(BACKENDS.filter((name) => name !== 'onnx').map(loadBackend)).then((backends) =>
      createAttn({ backends, cache: false }),
    ));
  const begin = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    return inWords(() => work(signal));
  };

  return {
    load: (source, dtype, onStep) =>
      begin(async (signal) => {
        const start = performance.now();
        onStep({ what: 'starting backends', done: 0, total: 0 });
        const loading = { attn: await ready(), signal, dtype: dtype === 'as-stored' ? undefined : dtype };
        const onProgress = ({ done, total, file }: { done: number; total: number; file: string }): void =>
          onStep({ what: `reading ${file}`, done, total });
        const onDownload = ({ done, total, file }: { done: number; total: number; file: string }): void =>
          onStep({ what: `downloading ${file}`, done, total });
        const from = async (head: boolean): Promise<LoadedModel> => {
          if (source.kind === 'words') {
            const { makeWordModel } = await import('./word-model.ts');
            return makeWordModel(loading.attn, { signal: running.signal, onProgress });
          }
          const options = { ...loading, signal: running.signal, onProgress, onDownload, onWarning: () => {} };
          const place = sourceOf(source);
          return head ? loadModel(place, options) : loadModel(place, { ...options, for: 'encode' });
        };
        const first = await from(true);
        model?.dispose();
        model = first;
        embeddings = undefined;
        let vectors = first instanceof Encoder ? Promise.resolve(first) : undefined;
        encoder = () =>
          (vectors ??= from(false).then((loaded) => {
            if (loaded instanceof Encoder) return loaded;
            throw new Error(`${loaded.network.architecture} makes no vectors`);
          }));
        const { architecture, family, maxLength } = first.network;
        const skills: Skill[] = ['search'];
        if (architecture.endsWith('ForTokenClassification')) skills.push('entities');
        if (architecture.endsWith('ForQuestionAnswering')) skills.push('answers');
        return { architecture, family, maxLength, skills, loadMs: performance.now() - start };
      }),

    index: (text, chunkTokens, onStep) =>
      begin(async (signal) => {
        if (encoder === undefined) throw missing('a model');
        const start = performance.now();
        const result = await (
          await encoder()
        ).encode(text, {
          chunks: chunkTokens,
          normalize: true,
          as: 'document',
          signal,
          onProgress: ({ done, total, unit }) => onStep({ what: unit, done, total }),
          onWarning: () => {},
        });
        embeddings = result.embeddings;
        const { chunks, backends, tokens } = result;
        return {
          chunks,
          backends,
          tokens: tokens[0],
          dimensions: result.embeddings.shape[1],
          ms: performance.now() - start,
        };
      }),

    search: (query) =>
      begin(async (signal) => {
        if (encoder === undefined || embeddings === undefined) throw missing('vectors of a text');
        const question = await (await encoder()).encode(query, { normalize: true, as: 'query', signal });
        return (await encoder()).similarity(question.embeddings, embeddings).data as Float32Array;
      }),

    entities: (text, onStep) =>
      begin(async (signal) => {
        if (model === undefined) throw missing('a model');
        const tagger = await pipeline('token-classification', model);
        const groups = await tagger(text, {
          aggregation_strategy: 'simple',
          signal,
          onProgress: ({ done, total, unit }) => onStep({ what: unit, done, total }),
        });
        return groups.map(({ entity_group: label, score, start, end }) => ({ label, score, start, end }));
      }),

    answers: (text, question, onStep) =>
      begin(async (signal) => {
        if (model === undefined) throw missing('a model');
        const answer = await pipeline('question-answering', model);
        const list: readonly QuestionAnswer[] = await answer(question, text, {
          top_k: 3,
          signal,
          onProgress: ({ done, total, unit }) => onStep({ what: unit, done, total }),
        });
        return list.map(({ answer: label, score, start, end }) => ({ label, score, start, end }));
      }),

    weights: (question) =>
      begin(async (signal) => {
        if (model === undefined) throw missing('a model');
        return tokenWeights(model, await ready(), question, signal);
      }),

    stop: () => running.abort(),
  };
}

function sourceOf(source: Exclude<Source, { readonly kind: 'words' }>): ModelSource {
  if (source.kind === 'hub') return source.id;
  return source.files.map(({ path, file }) =>
    Object.defineProperty(new File([file], file.name), 'webkitRelativePath', { value: path }),
  );
}
