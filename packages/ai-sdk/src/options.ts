/** Options of the models of this package, and what all of their calls have in common. */
import { AttnError } from '@attn/core';
import { anObject, anything, aString, checkOptions, readEntries, type OptionKinds } from '@attn/core/backend';
import type { TextRankingOptions, TextVectorsOptions } from '@attn/models';

/** Options of `feature-extraction` that change vectors, and how they are computed. */
export type EmbedOptions = Omit<TextVectorsOptions, 'signal'>;

/** Options of `text-ranking` that change scores, and how they are computed. */
export type RerankOptions = Omit<TextRankingOptions, 'top_k' | 'return_documents' | 'signal' | 'onWarning'>;

/** Options of `embeddingModel` and `rerankingModel`. */
export interface ModelOptions<Load, Call> {
  /** How the model is loaded: options of `loadModel`. A model that is loaded takes none. */
  readonly load?: Load;
  /** How calls are computed. `providerOptions: { attn: … }` of a call adds to it, or overrides it. */
  readonly call?: Call;
  /** The name of the model in telemetry. Default: the source, if that is a text, else the architecture. */
  readonly modelId?: string;
}

/** A warning, as the AI SDK reports it. */
export type ModelWarning =
  | { readonly type: 'other'; readonly message: string }
  | { readonly type: 'compatibility'; readonly feature: string; readonly details: string };

/** What the AI SDK passes to every call. */
export interface CallParts {
  readonly abortSignal?: AbortSignal | undefined;
  readonly providerOptions?: Readonly<Record<string, object | undefined>> | undefined;
}

/** Checks options, but those of loading and of calls where they are used. Errors: `INVALID_ARGUMENT`. */
export function checkModelOptions<Load, Call extends object>(
  where: string,
  options: ModelOptions<Load, Call>,
): ModelOptions<Load, Call> {
  const kinds: OptionKinds<ModelOptions<Load, Call>> = { load: anything, call: anObject, modelId: aString };
  const checked = checkOptions(where, options, kinds);
  const { call } = checked;
  if (call === undefined) return checked;
  return { ...checked, call: Object.fromEntries(readEntries(where, 'call', call)) as Call };
}

/**
 * Runs a call with the options of its model and its own. A call that is aborted fails with the reason of its
 * signal, by which the AI SDK knows it.
 */
export async function runCall<Options extends object, Result>(
  own: Options | undefined,
  { abortSignal, providerOptions }: CallParts,
  run: (options: Options & { readonly signal: AbortSignal | undefined }) => Promise<Result>,
): Promise<Result> {
  const passed = readEntries('ai-sdk/call', 'providerOptions.attn', providerOptions?.attn ?? {});
  const options = { ...own, ...Object.fromEntries(passed) } as Options;
  try {
    return await run({ ...options, signal: abortSignal });
  } catch (error) {
    const isAborted = error instanceof AttnError && error.code === 'ABORTED';
    throw isAborted && abortSignal?.aborted ? abortSignal.reason : error;
  }
}
