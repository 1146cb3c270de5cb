/**
 * Kinds of arguments that are objects with methods. They are checked before any of their methods is called.
 */
import { anObject, type Kind } from '@attn/core/backend';
import type { Checkpoint } from './checkpoint/checkpoint.ts';

/** The kind of an object that has all of these fields, such as weights that a family has read. */
export function withFields(expected: string, ...fields: readonly string[]): Kind {
  return {
    expected,
    test(value) {
      if (typeof value !== 'object' || value === null) return false;
      const members = value as Readonly<Record<string, unknown>>;
      return fields.every((name) => members[name] !== undefined);
    },
  };
}

/** The kind of an object that has all of these methods. */
function withMethods(expected: string, ...methods: readonly string[]): Kind {
  return {
    expected,
    test(value) {
      if (typeof value !== 'object' || value === null) return false;
      const members = value as Readonly<Record<string, unknown>>;
      return methods.every((name) => typeof members[name] === 'function');
    },
  };
}

/** An `Attn`. */
export const anAttn: Kind = withMethods('an Attn, which createAttn makes', 'compile', 'fastestInputs');

/** A `ModelRuns`. */
export const someRuns: Kind = withMethods('what runs the model in workers', 'runBatch', 'release');

/** A `Model`. */
export const aModel: Kind = withMethods('a model, which a family loads', 'call', 'fixedGraph');

/** A `TextTokenizer`. */
export const aTokenizer: Kind = withMethods('a tokenizer with encode and decode', 'encode', 'decode');

const checkpointMethods = withMethods('', 'has', 'spec', 'tensor', 'dispose');

/** An open `Checkpoint`. */
export const aCheckpoint: Kind = {
  expected: 'a checkpoint, which openCheckpoint opens',
  test(value) {
    if (!checkpointMethods.test(value)) return false;
    const { name, names, config } = value as Partial<Record<keyof Checkpoint, unknown>>;
    const isListed = Array.isArray(names) && names.every((item) => typeof item === 'string');
    return typeof name === 'string' && isListed && anObject.test(config);
  },
};

const storeMethods = withMethods('', 'has', 'bytes', 'tensors');

/** A `FileStore`. */
export const aStore: Kind = {
  expected: 'a store of files, such as folderStore(path)',
  test: (value) => storeMethods.test(value) && typeof (value as { readonly name: unknown }).name === 'string',
};

/** A `LazyFamily`. */
const aLazyFamily: Kind = withMethods('', 'recognises', 'open');

/** A `ModelFamily`. */
export const aFamily: Kind = withMethods(
  'a family of models, such as longformerFamily',
  'recognises',
  'slots',
  'load',
);

/** A list of `ModelFamily` or `LazyFamily`. */
export const someFamilies: Kind = {
  expected: 'a list of at least one family of models, such as longformerFamily',
  test: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => aFamily.test(item) || aLazyFamily.test(item)),
};
