/** The vectors of passages: of whole documents by late chunking, or of each passage by itself. */
import type { Encoder } from '@attn/models/node';
import type { PassageSpan } from './passages.ts';

/** A text and its passages. */
export interface PassageText {
  readonly text: string;
  readonly spans: readonly PassageSpan[];
}

/** How vectors are made. */
export interface VectorOptions {
  readonly lateChunks: boolean;
  readonly dimensions: number;
  readonly backend?: string;
  readonly signal?: AbortSignal;
}

/** Late chunking pools over a passage's tokens; these ways look at one token of a whole text. */
const SINGLE_TOKEN: readonly string[] = ['cls', 'lasttoken'];

/** Whether a model's way of pooling has a meaning for the passages of a text. */
export function poolsPassages({ settings }: Encoder): boolean {
  const pipeline = settings.sentence?.pipeline;
  return pipeline?.kind !== 'vectors' || !pipeline.pooling.some((mode) => SINGLE_TOKEN.includes(mode));
}

/** A vector for each passage of each text, in their order. Errors: those of `encode`. */
export async function passageVectors(
  model: Encoder,
  texts: readonly PassageText[],
  { lateChunks, dimensions, backend, signal }: VectorOptions,
): Promise<readonly Float32Array[]> {
  const count = texts.reduce((total, { spans }) => total + spans.length, 0);
  if (count === 0) return [];
  const options = { as: 'document', dimensions, backend, signal, onWarning: () => {} } as const;
  const { embeddings } = lateChunks
    ? await model.encode(
        texts.map(({ text }) => text),
        { ...options, chunks: texts.map(({ spans }) => spans) },
      )
    : await model.encode(
        texts.flatMap(({ text, spans }) => spans.map(([start, end]) => text.slice(start, end))),
        { ...options, onLongText: 'split' },
      );
  const [, width] = embeddings.shape;
  return Array.from({ length: count }, (_, i) => embeddings.data.subarray(i * width, (i + 1) * width));
}

/** The vector of a query. Errors: those of `encode`. */
export async function queryVector(
  model: Encoder,
  query: string,
  { dimensions, backend, signal }: Partial<Omit<VectorOptions, 'lateChunks'>>,
): Promise<Float32Array> {
  const options = { as: 'query', dimensions, backend, signal, onWarning: () => {} } as const;
  return (await model.encode(query, options)).embeddings.data;
}

/** A vector as pgvector reads it. Nine digits are all of a number of 32 bits. */
export function vectorText(vector: Float32Array): string {
  return `[${Array.from(vector, (value) => Number(value.toPrecision(9))).join(',')}]`;
}
