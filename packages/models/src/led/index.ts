/** The LED family: how `loadModel` recognises and loads an LED. */
import { fieldOf } from '../checkpoint/config-field.ts';
import { checkFamilyCall, checkSlotsCall } from '../checkpoint/family-call.ts';
import { slotsOf } from '../checkpoint/layout.ts';
import type { ModelFamily } from '../model.ts';
import type { EncoderDecoder } from '../seq2seq/model.ts';
import { readLedConfig } from './config.ts';
import { ledModel } from './model.ts';
import { ledLayout, readLedWeights } from './weights.ts';

/**
 * LED, and so PRIMERA and DialogLED, from Hugging Face checkpoints: `LEDForConditionalGeneration`, its other
 * classes, and the encoder alone, `LEDEncoder`. Beltagy et al. 2020, https://arxiv.org/abs/2004.05150, §7
 *
 * @example
 * const model = await ledFamily.load(checkpoint);
 * const { graph, inputs } = model.call({ inputIds: [[0, 5, 2]], decoderInputIds: [[2, 0]] });
 */
export const ledFamily: ModelFamily<EncoderDecoder> = {
  name: 'led',
  recognises: (config) => fieldOf(config, 'model_type') === 'led',
  slots(checkpoint, architecture) {
    const { config } = checkSlotsCall(checkpoint, architecture);
    return slotsOf(ledLayout(checkpoint, readLedConfig(config, architecture)));
  },
  async load(source, options) {
    const { checkpoint, architecture, ...reading } = checkFamilyCall(source, options);
    const config = readLedConfig(checkpoint.config, architecture);
    return ledModel(config, await readLedWeights(checkpoint, config, reading));
  },
};
