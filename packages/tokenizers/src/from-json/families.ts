/** The classes of Hugging Face's library that share a way of tokenizing, and their special tokens. */
import type { SpecialDefaults } from './special-tokens.ts';
import { classNameOf, type ConfigFiles } from './config-files.ts';

/** RoBERTa's special tokens, which XLM-R shares. */
export const ROBERTA_TOKENS: SpecialDefaults = {
  roles: {
    bos: '<s>',
    eos: '</s>',
    unk: '<unk>',
    sep: '</s>',
    pad: '<pad>',
    cls: '<s>',
    mask: '<mask>',
  },
  maskTakesSpace: true,
};

/** BERT's special tokens. */
export const BERT_TOKENS: SpecialDefaults = {
  roles: { unk: '[UNK]', sep: '[SEP]', pad: '[PAD]', cls: '[CLS]', mask: '[MASK]' },
  maskTakesSpace: false,
};

/** MPNet's special tokens. */
export const MPNET_TOKENS: SpecialDefaults = {
  roles: { ...ROBERTA_TOKENS.roles, unk: '[UNK]' },
  maskTakesSpace: true,
};

/** What is common to some classes. */
export interface Family {
  readonly name: 'bert' | 'mpnet' | 'roberta' | 'gpt2';
  /** The names of its classes, without "Tokenizer" and "Fast". */
  readonly classes: readonly string[];
  /** The types of models that have such a tokenizer. */
  readonly models: readonly string[];
  readonly roles: SpecialDefaults['roles'];
}

const FAMILIES: readonly Family[] = [
  {
    name: 'bert',
    classes: (
      'Bert ConvBert DPRContextEncoder DPRQuestionEncoder DPRReader DistilBert Electra Funnel LayoutLM ' +
      'Lxmert MobileBert Realm RetriBert SqueezeBert'
    ).split(' '),
    models: (
      'align bert blip bros chinese_clip convbert distilbert dpr electra ernie funnel git grounding-dino ' +
      'layoutlm lxmert megatron-bert mm-grounding-dino mobilebert nezha qdqbert realm retribert ' +
      'squeezebert tvp vilt visual_bert'
    ).split(' '),
    roles: BERT_TOKENS.roles,
  },
  { name: 'mpnet', classes: ['MPNet'], models: ['mpnet'], roles: MPNET_TOKENS.roles },
  {
    name: 'roberta',
    classes: ['Bart', 'LED', 'Longformer', 'Roberta'],
    models: (
      'bart bridgetower clap data2vec-text ibert led longformer mega mra roberta ' + 'roberta-prelayernorm'
    ).split(' '),
    roles: ROBERTA_TOKENS.roles,
  },
  { name: 'gpt2', classes: ['GPT2'], models: ['gpt2', 'gpt_bigcode', 'gpt_neo', 'gptj'], roles: {} },
];

/** The family of a tokenizer by its class, else by its model; undefined for others. */
export function familyOf(files: ConfigFiles): Family | undefined {
  const name = classNameOf(files);
  const modelType = files.model?.textOrAbsent('model_type') ?? '';
  return FAMILIES.find(({ classes, models }) =>
    name === undefined ? models.includes(modelType) : classes.includes(name),
  );
}
