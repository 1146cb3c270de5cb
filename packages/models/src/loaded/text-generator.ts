/** Models that continue texts. */
import type { Generated, GenerateOptions, Prompt } from '../generate/generate.ts';
import { LoadedModel, runnableOf } from '../loaded-model.ts';
import { checkAbility } from './abilities.ts';

/**
 * A causal language model.
 *
 * @example
 * const model = await loadModel('google/reformer-crime-and-punishment', { attn, for: 'generate' });
 * const { text } = await model.generate('Call me', { maxNewTokens: 16 });
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
   * Continues a text or ids, token by token, if the model is a causal
   * language model. A prompt of ids is used as it is.
   *
   * Errors: `UNSUPPORTED` (any other model), `INVALID_ARGUMENT`, `MISSING_INPUT`
   * (no tokenizer, no `attn`), `ABORTED`, and those of the backends.
   *
   * @example
   * const { text } = await model.generate('Call me', { maxNewTokens: 16 });
   */
  async generate(prompt: Prompt, options: GenerateOptions = {}): Promise<Generated> {
    const runnable = runnableOf(this);
    const { generate } = await import('../generate/generate.ts');
    return generate(runnable, prompt, options);
  }
}
