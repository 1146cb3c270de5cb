/** The special tokens that each class has where its files do not name them. */
import type { Definition } from '../definition.ts';
import type { FamilyName } from './families.ts';

/** What a class says of its special tokens. */
export interface SpecialDefaults {
  readonly roles: Definition['roles'];
  /** Whether a mask token without flags takes the white space before it. */
  readonly maskTakesSpace: boolean;
  /** Special tokens without a role. */
  readonly others?: readonly string[];
}

const BERT: SpecialDefaults = {
  roles: { unk: '[UNK]', sep: '[SEP]', pad: '[PAD]', cls: '[CLS]', mask: '[MASK]' },
  maskTakesSpace: false,
};

const ROBERTA: SpecialDefaults = {
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

const BIG_BIRD: SpecialDefaults = {
  roles: {
    bos: '<s>',
    eos: '</s>',
    unk: '<unk>',
    pad: '<pad>',
    sep: '[SEP]',
    mask: '[MASK]',
    cls: '[CLS]',
  },
  maskTakesSpace: true,
};

/** The special tokens of the families. */
export const SPECIAL_DEFAULTS: Readonly<Record<FamilyName, SpecialDefaults>> = {
  roberta: ROBERTA,
  bert: BERT,
  mpnet: { ...ROBERTA, roles: { ...ROBERTA.roles, unk: '[UNK]' } },
  reformer: { roles: { eos: '</s>', unk: '<unk>' }, maskTakesSpace: true },
  'big-bird': BIG_BIRD,
  'xlm-roberta': ROBERTA,
  camembert: { ...ROBERTA, others: ['<s>NOTUSED', '</s>NOTUSED', '<unk>NOTUSED'] },
  gpt2: { roles: {}, maskTakesSpace: false },
};
