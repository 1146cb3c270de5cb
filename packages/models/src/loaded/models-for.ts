/** The class of a loaded model: the one with the methods that it has. */
import { LoadedModel } from '../loaded-model.ts';
import { ABILITIES, can, type Ability, type AbleModel } from './abilities.ts';
import { Encoder } from './encoder.ts';
import { PairScorer } from './pair-scorer.ts';
import { SparseEncoder } from './sparse-encoder.ts';
import { TextGenerator } from './text-generator.ts';

/** The models that have a method, by its name. */
export interface ModelsFor {
  encode: Encoder;
  encodeSparse: SparseEncoder;
  predict: PairScorer;
  rank: PairScorer;
  generate: TextGenerator;
}

const CLASSES: { readonly [A in Ability]: new (...parts: Parts) => ModelsFor[A] } = {
  encode: Encoder,
  encodeSparse: SparseEncoder,
  predict: PairScorer,
  rank: PairScorer,
  generate: TextGenerator,
};

type Parts = ConstructorParameters<typeof LoadedModel>;

/**
 * A loaded model that has the method `ability`, or, without one, the methods that it can have. Errors:
 * `UNSUPPORTED` for a model without the method.
 */
export function loadedModel(ability: Ability | undefined, ...parts: Parts): LoadedModel {
  const [network, , , , settings = {}] = parts;
  const model: AbleModel = { network, settings };
  const own = ability ?? ABILITIES.find((name) => can(model, name));
  return own === undefined ? new LoadedModel(...parts) : new CLASSES[own](...parts);
}
