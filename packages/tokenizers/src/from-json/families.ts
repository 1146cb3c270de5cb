/** The classes of Hugging Face's library, by the way of tokenizing that they share. */
import { classNameOf, type ConfigFiles } from './config-files.ts';

/** The families whose tokenizers are made of other files where there is no tokenizer.json. */
export type Kind = 'roberta' | 'bert' | 'mpnet' | 'reformer' | 'big-bird' | 'xlm-roberta' | 'camembert';

/** A way of tokenizing. */
export type FamilyName = Kind | 'gpt2';

interface Names {
  /** The names of classes, without "Tokenizer" and "Fast". */
  readonly classes: readonly string[];
  /** The types of models that have such a tokenizer. */
  readonly models: readonly string[];
}

/** Classes of a family. */
export type Family = Names &
  (
    | { readonly name: Kind; readonly needsJson: false }
    | { readonly name: FamilyName; readonly needsJson: true }
  );

const FAMILIES: readonly Family[] = [
  { name: 'bert', needsJson: false, classes: ['Bert', 'DistilBert'], models: ['bert', 'distilbert'] },
  {
    name: 'bert',
    needsJson: true,
    classes: (
      'ConvBert DPRContextEncoder DPRQuestionEncoder DPRReader Electra Funnel LayoutLM Lxmert MobileBert ' +
      'Realm RetriBert SqueezeBert'
    ).split(' '),
    models: (
      'align blip bros chinese_clip convbert dpr electra ernie funnel git grounding-dino layoutlm lxmert ' +
      'megatron-bert mm-grounding-dino mobilebert nezha qdqbert realm retribert squeezebert tvp vilt ' +
      'visual_bert'
    ).split(' '),
  },
  { name: 'mpnet', needsJson: false, classes: ['MPNet'], models: ['mpnet'] },
  {
    name: 'roberta',
    needsJson: false,
    classes: ['Bart', 'LED', 'Longformer', 'Roberta'],
    models: ['bart', 'led', 'longformer', 'roberta'],
  },
  {
    name: 'roberta',
    needsJson: true,
    classes: [],
    models: 'bridgetower clap data2vec-text ibert mega mra roberta-prelayernorm'.split(' '),
  },
  {
    name: 'gpt2',
    needsJson: true,
    classes: ['GPT2'],
    models: ['gpt2', 'gpt_bigcode', 'gpt_neo', 'gptj'],
  },
  { name: 'reformer', needsJson: false, classes: ['Reformer'], models: ['reformer'] },
  { name: 'big-bird', needsJson: false, classes: ['BigBird'], models: ['big_bird'] },
  { name: 'xlm-roberta', needsJson: false, classes: ['XLMRoberta'], models: ['xlm-roberta'] },
  { name: 'camembert', needsJson: false, classes: ['Camembert'], models: ['camembert'] },
];

/** The family of a tokenizer by its class, else by its model; undefined for others. */
export function familyOf(files: ConfigFiles): Family | undefined {
  const name = classNameOf(files);
  const modelType = files.model?.textOrAbsent('model_type') ?? '';
  return FAMILIES.find(({ classes, models }) =>
    name === undefined ? models.includes(modelType) : classes.includes(name),
  );
}
