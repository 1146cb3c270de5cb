/** Models that continue texts. */
import type { Generated, GenerateOptions, Prompt } from '../generate/options.ts';
import { LoadedModel, runnableOf } from '../loaded-model.ts';
import { checkAbility } from './abilities.ts';

/**
 * A model of language: it continues texts, or, with an encoder, answers them.
 *
 * @example
 * const model = await loadModel('google/reformer-crime-and-punishment', { attn, for: 'generate' });
 * const { text } = await model.generate('Call me', { max_new_tokens: 16 });
 */
export class TextGenerator extends LoadedModel {
  /**
   * Errors: `UNSUPPORTED` (a model that is none), `INVALID_ARGUMENT`. The arguments are those of
   * `LoadedModel`.
   */
  constructor(...parts: ConstructorParameters<typeof LoadedModel>) {
    super(...parts);
    checkAbility('models/TextGenerator', 'generate', this);
  }

  /**
   * Continues a text or ids, token by token; of a list of them, each as it would be alone. Models with a
   * cache write several at once. A prompt of ids is used as it is. Defaults are those of the model's
   * `generation_config.json`.
   *
   * Errors: `INVALID_ARGUMENT` (also options that contradict each other), `UNSUPPORTED` (a field of the
   * model's files that is unknown here), `MISSING_INPUT` (no tokenizer, no `attn`), `ABORTED`, and those of
   * the backends.
   *
   * @example
   * const { text } = await model.generate('Call me', { max_new_tokens: 16, num_beams: 4 });
   */
  async generate(prompt: Prompt, options?: GenerateOptions): Promise<Generated>;
  async generate(
    prompts: readonly string[] | readonly Prompt[],
    options?: GenerateOptions,
  ): Promise<readonly Generated[]>;
  async generate(
    prompt: Prompt | readonly Prompt[],
    options: GenerateOptions = {},
  ): Promise<Generated | readonly Generated[]> {
    const runnable = runnableOf(this);
    const { generate } = await import('../generate/generate.ts');
    return generate(runnable, prompt, options);
  }
}
