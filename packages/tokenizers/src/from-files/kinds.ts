/** Which tokenizer a folder asks for: the class that its configuration names, or that its model has. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import { unsupported, WHERE } from '../errors.ts';
import type { ConfigFiles } from '../from-json/config-files.ts';
import { familyOf, type Kind } from '../from-json/families.ts';

/** The tokenizer of a folder. Errors: `UNSUPPORTED` for a class that is not known, `MISSING_INPUT`. */
export function kindOf(files: ConfigFiles): Kind {
  const family = familyOf(files);
  if (family?.needsJson === false) return family.name;
  const { config, model } = files;
  for (const [fields, name] of [
    [config, 'tokenizer_class'],
    [model, 'tokenizer_class'],
    [model, 'model_type'],
  ] as const) {
    const value = fields?.textOrAbsent(name);
    if (fields !== undefined && value !== undefined)
      throw unsupported(fields.file, `${name} ${show(value)} needs a tokenizer.json`);
  }
  const message =
    'config.json with a model_type, tokenizer_config.json with a tokenizer_class or tokenizer.json is missing';
  throw new AttnError('MISSING_INPUT', WHERE, message);
}
